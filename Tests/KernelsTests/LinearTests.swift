import CKernels
import Kernels
import Testing

@Suite struct LinearTests {
  /// A linear with every part present or not, run on a row and in double precision.
  struct Problem {
    var m: Int
    var n: Int
    var k: Int
    var bias = false
    var activation = DTH_ACTIVATION_NONE
    var gateRows = 0
    var residualRows = 0
    var inPlace = false
    var transposed = false
    var rowPadding = 0
    var usesOffsets = false

    func inputs() -> (a: [Float], w: [Float], bias: [Float], gate: [Float], residual: [Float]) {
      (
        numbers(m * (k + rowPadding), seed: 1), numbers(n * k, seed: 2), numbers(n, seed: 3),
        numbers(max(gateRows, 1) * n, seed: 4), numbers(max(residualRows, 1) * n, seed: 5)
      )
    }

    func weight(_ w: [Float], _ column: Int, _ i: Int) -> Float {
      transposed ? w[i * n + column] : w[column * k + i]
    }

    func exact() -> [Double] {
      let (a, w, bias, gate, residual) = inputs()
      var result = [Double](repeating: 0, count: m * n)
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for i in 0..<k {
            sum += Double(a[row * (k + rowPadding) + i]) * Double(weight(w, column, i))
          }
          if self.bias { sum += Double(bias[column]) }
          sum = exactActivation(activation, sum)
          if gateRows > 0 { sum *= Double(gate[row / (m / gateRows) * n + column]) }
          if residualRows > 0 { sum += Double(residual[row % residualRows * n + column]) }
          result[row * n + column] = sum
        }
      }
      return result
    }

    func run(on kernelRow: KernelRow, threads: Int, resultPadding: Int = 0) -> [UInt32] {
      let (a, w, biasValues, gateValues, residualValues) = inputs()
      let rows = Floats(a)
      let weight = Floats(w)
      let packed = Floats(count: dth_packed_weight_count(Int64(n), Int64(k)))
      let panels = (n + 31) / 32
      // By two parts, as a loader with threads does.
      for (first, end) in [(0, panels / 2), (panels / 2, panels)] {
        dth_pack_weight(
          weight.pointer, Int64(n), Int64(k), Int64(transposed ? n : k), transposed, Int64(first),
          Int64(end - first), packed.pointer)
      }
      let stride = n + resultPadding
      let bias = Floats(biasValues)
      let gate = Floats(gateValues)
      let residual = Floats(residualValues)
      let result = inPlace ? residual : Floats(count: m * stride)
      var arguments = dth_linear_args()
      arguments.m = Int64(m)
      arguments.n = Int64(n)
      arguments.k = Int64(k)
      arguments.row_stride = Int64(k + rowPadding)
      let rowOffsets = (0..<m).map { Int32($0 * (k + rowPadding)) }
      let columnOffsets = (0..<k).map(Int32.init)
      arguments.result_stride = Int64(stride)
      arguments.activation = activation
      arguments.gate_rows = Int64(gateRows)
      arguments.gate_stride = Int64(n)
      arguments.residual_rows = Int64(residualRows)
      arguments.residual_stride = Int64(n)
      rowOffsets.withUnsafeBufferPointer { rowOffsets in
        columnOffsets.withUnsafeBufferPointer { columnOffsets in
          if usesOffsets {
            arguments.row_offsets = rowOffsets.baseAddress
            arguments.column_offsets = columnOffsets.baseAddress
          }
          execute(
            kernelRow.functions.pointee.linear, arguments,
            [
              result, rows, packed, self.bias ? bias : nil,
              gateRows > 0 ? gate : nil, residualRows > 0 ? residual : nil,
            ], threads: threads, scratch: dth_linear_scratch_bytes(&arguments))
        }
      }
      for buffer in [rows, weight, packed, bias, gate, residual, result] {
        #expect(buffer.isIntact)
      }
      return (0..<m).flatMap { row in
        (0..<n).map { result[row * stride + $0].bitPattern }
      }
    }
  }

  private func check(_ problem: Problem, on row: KernelRow, tolerance: Double = 1e-6) {
    let bits = problem.run(on: row, threads: 1)
    let error = relativeError(bits.map(Float.init(bitPattern:)), problem.exact())
    #expect(error < tolerance, "\(problem)")
    for threads in threadCounts.dropFirst() {
      #expect(problem.run(on: row, threads: threads) == bits, "\(threads) threads, \(problem)")
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents`(row: KernelRow) {
    for m in [1, 2, 3, 7, 14, 15, 31] {
      for n in [1, 3, 31, 32, 33, 65] { check(Problem(m: m, n: n, k: 5, bias: true), on: row) }
    }
    for k in [1, 2, 3, 4, 7, 63, 130] { check(Problem(m: 17, n: 40, k: k), on: row) }
    check(Problem(m: 100, n: 7, k: 31), on: row)
    check(Problem(m: 2, n: 300, k: 31), on: row)
  }

  @Test(arguments: KernelRow.supported) func `every epilogue`(row: KernelRow) {
    let activations = [
      DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU, DTH_ACTIVATION_GELU_TANH,
      DTH_ACTIVATION_SILU, DTH_ACTIVATION_SIGMOID, DTH_ACTIVATION_TANH,
    ]
    for activation in activations {
      for bias in [false, true] {
        for gateRows in [0, 1, 2, 18] {
          for residualRows in [0, 1, 9, 18] {
            check(
              Problem(
                m: 18, n: 37, k: 6, bias: bias, activation: activation, gateRows: gateRows,
                residualRows: residualRows), on: row, tolerance: 2e-6)
          }
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `the result may take the residual's place`(row: KernelRow) {
    let problem = Problem(
      m: 30, n: 70, k: 20, bias: true, activation: DTH_ACTIVATION_SILU, gateRows: 3,
      residualRows: 30, inPlace: true)
    check(problem, on: row)
    var apart = problem
    apart.inPlace = false
    #expect(apart.run(on: row, threads: 1) == problem.run(on: row, threads: 2))
  }

  @Test(arguments: KernelRow.supported) func `rows apart, weights transposed`(row: KernelRow) {
    check(Problem(m: 19, n: 45, k: 33, transposed: true, rowPadding: 5), on: row)
    let problem = Problem(m: 19, n: 45, k: 33)
    #expect(
      problem.run(on: row, threads: 2, resultPadding: 3) == problem.run(on: row, threads: 1))
  }

  @Test(arguments: KernelRow.supported) func `offsets read the same elements`(row: KernelRow) {
    var problem = Problem(m: 23, n: 40, k: 18, bias: true, rowPadding: 2)
    let strided = problem.run(on: row, threads: 1)
    problem.usesOffsets = true
    #expect(problem.run(on: row, threads: 3) == strided)
  }

  @Test(arguments: KernelRow.supported)
  func `offsets make patches of an image`(row: KernelRow) throws {
    // A 2x4x6 image (channels, height, width) as 2x3 patches of 2x2 pixels, channels innermost.
    let image = Floats(numbers(48, seed: 8))
    let weight = numbers(3 * 8, seed: 9)
    let packed = Floats(count: dth_packed_weight_count(3, 8))
    dth_pack_weight(weight, 3, 8, 8, false, 0, 1, packed.pointer)
    let rowOffsets: [Int32] = [0, 2, 4, 12, 14, 16]
    let columnOffsets: [Int32] = [0, 24, 1, 25, 6, 30, 7, 31]
    let result = Floats(count: 18)
    rowOffsets.withUnsafeBufferPointer { rowOffsets in
      columnOffsets.withUnsafeBufferPointer { columnOffsets in
        var arguments = dth_linear_args()
        arguments.m = 6
        arguments.n = 3
        arguments.k = 8
        arguments.row_offsets = rowOffsets.baseAddress
        arguments.column_offsets = columnOffsets.baseAddress
        arguments.result_stride = 3
        execute(
          row.functions.pointee.linear, arguments,
          [result, image, packed, nil, nil, nil], threads: 2,
          scratch: dth_linear_scratch_bytes(&arguments))
      }
    }
    var expected: [Double] = []
    for patchY in 0..<2 {
      for patchX in 0..<3 {
        for out in 0..<3 {
          var sum = 0.0
          for y in 0..<2 {
            for x in 0..<2 {
              for channel in 0..<2 {
                let pixel = image.values[channel * 24 + (2 * patchY + y) * 6 + 2 * patchX + x]
                sum += Double(pixel) * Double(weight[out * 8 + (y * 2 + x) * 2 + channel])
              }
            }
          }
          expected.append(sum)
        }
      }
    }
    #expect(relativeError(result.values, expected) < 1e-6)
  }

  @Test(arguments: KernelRow.supported) func `long rows, many chunks`(row: KernelRow) {
    check(Problem(m: 3, n: 33, k: 9001, bias: true), on: row, tolerance: 5e-6)
    check(Problem(m: 130, n: 3, k: 4099), on: row, tolerance: 5e-6)
  }

  @Test(arguments: KernelRow.supported)
  func `a row's result does not depend on the rows beside it`(row: KernelRow) {
    let all = Problem(m: 29, n: 35, k: 50, bias: true, activation: DTH_ACTIVATION_GELU)
    let bits = all.run(on: row, threads: 1)
    for m in 1..<29 {
      var some = all
      some.m = m
      #expect(some.run(on: row, threads: 1) == Array(bits[..<(m * 35)]))
    }
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity stay`(row: KernelRow) {
    let rows = Floats([1, .nan, 1, .infinity, 1, 1])
    let packed = Floats(count: dth_packed_weight_count(2, 2))
    dth_pack_weight([1, 2, -1, 0], 2, 2, 2, false, 0, 1, packed.pointer)
    for activation in [DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU] {
      let result = Floats(count: 6)
      var arguments = dth_linear_args()
      arguments.m = 3
      arguments.n = 2
      arguments.k = 2
      arguments.row_stride = 2
      arguments.result_stride = 2
      arguments.activation = activation
      execute(
        row.functions.pointee.linear, arguments,
        [result, rows, packed, nil, nil, nil], threads: 1,
        scratch: dth_linear_scratch_bytes(&arguments))
      // Zero times NaN is NaN; the columns of padding reach no result.
      #expect(result.values[0].isNaN && result.values[1].isNaN)
      #expect(result.values[2] == .infinity)
      #expect(abs(result.values[4] - Float(exactActivation(activation, 3))) < 1e-6)
    }
  }
}
