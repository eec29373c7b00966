import CKernels
import Kernels
import Testing

@Suite struct ElementwiseTests {
  /// A program over operands, each with its strides in elements.
  struct Problem {
    var dims: [Int]
    var inputs: [(values: [Float], strides: [Int])]
    var steps: [(op: dth_op, lhs: Int, rhs: Int)]
    var resultStrides: [Int]?

    private var rowMajor: [Int] {
      var strides = [Int](repeating: 1, count: dims.count)
      for axis in dims.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] * dims[axis + 1]
      }
      return strides
    }

    /// Every index of the result, row-major.
    private var indices: [[Int]] {
      dims.reduce([[]]) { prefixes, extent in
        prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
      }
    }

    private func offset(_ index: [Int], _ strides: [Int]) -> Int {
      zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The results in row-major order.
    func exact() -> [Double] {
      indices.map { index in
        var results: [Double] = []
        func read(_ operand: Int) -> Double {
          operand < 0
            ? results[-operand - 1]
            : Double(inputs[operand].values[offset(index, inputs[operand].strides)])
        }
        for step in steps {
          results.append(
            binaryOps.contains(step.op)
              ? exactBinary(step.op, read(step.lhs), read(step.rhs))
              : exactUnary(step.op, read(step.lhs)))
        }
        return results[results.count - 1]
      }
    }

    var arguments: dth_elementwise_args {
      var arguments = dth_elementwise_args()
      arguments.rank = Int32(dims.count)
      arguments.input_count = Int32(inputs.count)
      arguments.step_count = Int32(steps.count)
      setElements(of: &arguments.dims, to: dims.map(Int64.init))
      setElements(of: &arguments.result_strides, to: (resultStrides ?? rowMajor).map(Int64.init))
      let strides = inputs.flatMap { input in
        input.strides.map(Int64.init) + [Int64](repeating: 0, count: 8 - dims.count)
      }
      setElements(of: &arguments.input_strides, to: strides)
      setElements(
        of: &arguments.steps,
        to: steps.map {
          dth_step(op: Int32($0.op.rawValue), lhs: Int32($0.lhs), rhs: Int32($0.rhs))
        })
      return arguments
    }

    /// The bits of the result in row-major order; `aliased` is the input whose place it takes.
    func run(on row: KernelRow, threads: Int, aliased: Int? = nil) -> [UInt32] {
      let buffers = inputs.map { Floats($0.values) }
      let strides = resultStrides ?? rowMajor
      let last = zip(dims, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
      let result = aliased.map { buffers[$0] } ?? Floats(count: last + 1)
      let before = result.bits
      execute(
        row.functions.pointee.elementwise, arguments, [result] + buffers,
        threads: threads)
      #expect(result.isIntact)
      var untouched = Set(0..<result.count)
      let bits = indices.map { index in
        untouched.remove(offset(index, strides))
        return result[offset(index, strides)].bitPattern
      }
      for i in untouched { #expect(result.bits[i] == before[i]) }
      return bits
    }

    func check(on row: KernelRow, tolerance: Double = 1e-6) {
      let bits = run(on: row, threads: 1)
      let error = relativeError(bits.map(Float.init(bitPattern:)), exact())
      #expect(error < tolerance, "\(error): \(dims) \(steps)")
      for threads in threadCounts.dropFirst() {
        #expect(run(on: row, threads: threads) == bits, "\(threads) threads, \(dims)")
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `every operation at any length`(row: KernelRow) {
    for count in [1, 2, 3, 7, 31, 32, 33, 63, 511, 513, 1500] {
      for op in unaryOps {
        let x = numbers(count, seed: 1, in: op == DTH_SQRT || op == DTH_RSQRT ? 0.1...9 : -5...5)
        Problem(dims: [count], inputs: [(x, [1])], steps: [(op, 0, 0)]).check(on: row)
      }
      for op in binaryOps {
        Problem(
          dims: [count],
          inputs: [
            (numbers(count, seed: 1), [1]), (numbers(count, seed: 2, in: 0.5...2), [1]),
          ], steps: [(op, 0, 1)]
        ).check(on: row)
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `a program of many steps`(row: KernelRow) {
    // silu(a * b + c) * (a - exp(c)), with a value used twice and one never.
    let inputs = (0..<3).map { (numbers(700, seed: UInt64($0)), [1]) }
    Problem(
      dims: [700], inputs: inputs,
      steps: [
        (DTH_MULTIPLY, 0, 1), (DTH_ADD, -1, 2), (DTH_SILU, -2, 0), (DTH_EXP, 2, 0),
        (DTH_SUBTRACT, 0, -4), (DTH_NEGATE, 1, 0), (DTH_MULTIPLY, -3, -5),
      ]
    ).check(on: row)
    var long: [(op: dth_op, lhs: Int, rhs: Int)] = [(DTH_ADD, 0, 7)]
    for step in 1..<16 {
      long.append((step % 2 == 0 ? DTH_ADD : DTH_MULTIPLY, -step, step % 8))
    }
    Problem(
      dims: [45], inputs: (0..<8).map { (numbers(45, seed: UInt64($0)), [1]) }, steps: long
    ).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `operands broadcast`(row: KernelRow) {
    let full = numbers(3 * 5 * 70, seed: 1)
    for strides in [[0, 0, 1], [0, 70, 1], [5, 1, 0], [0, 0, 0], [1, 0, 0]] {
      Problem(
        dims: [3, 5, 70], inputs: [(full, [350, 70, 1]), (numbers(350, seed: 2), strides)],
        steps: [(DTH_MULTIPLY, 0, 1)]
      ).check(on: row)
    }
    // A long innermost axis: several tiles a row.
    Problem(
      dims: [3, 1153],
      inputs: [(numbers(3459, seed: 1), [1153, 1]), (numbers(3, seed: 2), [1, 0])],
      steps: [(DTH_ADD, 0, 1)]
    ).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `copies permute, slice and join`(row: KernelRow) {
    let copy: [(dth_op, Int, Int)] = [(DTH_COPY, 0, 0)]
    let x = numbers(4 * 6 * 33, seed: 1)
    // [4, 6, 33] to [33, 4, 6].
    Problem(dims: [33, 4, 6], inputs: [(x, [1, 198, 33])], steps: copy).check(on: row)
    // A slice, its first element moved by the caller.
    Problem(dims: [4, 3, 33], inputs: [(x, [198, 33, 1])], steps: copy).check(on: row)
    // A part of a joined result: rows of 5 within rows of 8.
    Problem(
      dims: [7, 5], inputs: [(numbers(35, seed: 2), [5, 1])], steps: copy, resultStrides: [8, 1]
    ).check(on: row)
    // A result whose innermost axis is strided.
    Problem(
      dims: [9, 40], inputs: [(numbers(360, seed: 3), [40, 1])], steps: copy, resultStrides: [1, 9]
    ).check(on: row)
    Problem(
      dims: [2, 1, 3, 1, 2, 2, 1, 5],
      inputs: [(numbers(120, seed: 4), [60, 0, 20, 9, 10, 5, 3, 1])], steps: copy
    ).check(on: row)
    Problem(dims: [], inputs: [([3], [])], steps: copy).check(on: row)
  }

  @Test(arguments: KernelRow.supported)
  func `the result may take an operand's place`(row: KernelRow) {
    for dims in [[1000], [3, 700], [40, 9]] {
      let count = dims.reduce(1, *)
      let strides = dims.count == 1 ? [1] : [dims[1], 1]
      let problem = Problem(
        dims: dims,
        inputs: [
          (numbers(count, seed: 1), strides), (numbers(count, seed: 2), strides),
          (numbers(dims[dims.count - 1], seed: 3), dims.count == 1 ? [1] : [0, 1]),
        ], steps: [(DTH_MULTIPLY, 0, 2), (DTH_ADD, 1, -1), (DTH_SILU, -2, 0), (DTH_ADD, -3, 0)])
      let apart = problem.run(on: row, threads: 1)
      #expect(problem.run(on: row, threads: 1, aliased: 0) == apart)
      #expect(problem.run(on: row, threads: 3, aliased: 1) == apart)
    }
    // Strided in place: the columns of a wider buffer.
    let strided = Problem(
      dims: [30, 4], inputs: [(numbers(30 * 6, seed: 1), [6, 1])], steps: [(DTH_EXP, 0, 0)],
      resultStrides: [6, 1])
    #expect(strided.run(on: row, threads: 2, aliased: 0) == strided.run(on: row, threads: 1))
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity`(row: KernelRow) {
    let special: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1, -1, 1e30, -1e30, 0x1p-140]
    for op in unaryOps where op != DTH_RSQRT {
      Problem(
        dims: [special.count], inputs: [(special, [1])], steps: [(op, 0, 0)]
      ).check(on: row)
    }
    let pairs = special.flatMap { a in special.map { (a, $0) } }
    for op in binaryOps where op != DTH_DIVIDE && op != DTH_MULTIPLY {
      Problem(
        dims: [pairs.count], inputs: [(pairs.map(\.0), [1]), (pairs.map(\.1), [1])],
        steps: [(op, 0, 1)]
      ).check(on: row)
    }
  }
}
