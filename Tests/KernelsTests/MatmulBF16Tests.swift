import CKernels
import Kernels
import Testing

@Suite struct MatmulBF16Tests {
  private typealias Types = (a: dth_element, b: dth_element)

  /// The results on a row, the exact products of the rounded operands, and by how much the results
  /// differ from those of the operands as they are beyond the most that rounding explains.
  private func run(
    _ problem: MatmulProblem, _ types: Types, on row: KernelRow, threads: Int
  ) -> (result: Elements, exact: [Double], excess: Double) {
    let (aValues, bValues) = (numbers(problem.aCount, seed: 1), numbers(problem.bCount, seed: 2))
    let (a, b) = (Elements(aValues, types.a), Elements(bValues, types.b))
    var arguments = problem.arguments
    arguments.a_element = types.a
    arguments.b_element = types.b
    let result = Elements(count: problem.resultCount, DTH_F32)
    execute(
      row.functions.pointee.matmul_bf16, arguments, at: [result.raw, a.raw, b.raw],
      threads: threads, scratch: dth_matmul_bf16_scratch_bytes(&arguments))
    #expect(result.isIntact && a.isIntact && b.isIntact)
    let sums = problem.sums(from: (rounded: 0.0, whole: 0.0, magnitude: 0.0)) { sum, x, y in
      sum.rounded += a.factor(x) * b.factor(y)
      sum.whole += Double(aValues[x]) * Double(bValues[y])
      sum.magnitude += abs(Double(aValues[x]) * Double(bValues[y]))
    }
    // Each operand is off by 2^-8 of itself at most, and sums of k are exact to k 2^-24.
    let share = 0x1p-7 + 0x1p-16 + Double(problem.k) * 0x1p-24
    let excess = sums.indices.map {
      abs(Double(result[$0]) - sums[$0].whole) - sums[$0].magnitude * share
    }
    return (result, sums.map(\.rounded), excess.max() ?? 0)
  }

  private func check(_ problem: MatmulProblem, _ types: Types, on row: KernelRow) {
    let (result, exact, excess) = run(problem, types, on: row, threads: 1)
    #expect(
      relativeError(result.values, exact) < (problem.k > 1000 ? 1e-5 : 3e-6),
      "\(problem) \(types)")
    #expect(excess <= 0, "\(problem) \(types)")
    for threads in threadCounts.dropFirst() {
      let other = run(problem, types, on: row, threads: threads).result
      #expect(other.bits == result.bits, "\(threads) threads, \(problem) \(types)")
    }
  }

  /// The problem with every pair of types and all transpositions.
  private func check(_ problem: MatmulProblem, on row: KernelRow) {
    for types in elementPairs {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          var problem = problem
          problem.transposeA = transposeA
          problem.transposeB = transposeB
          check(problem, types, on: row)
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents, all transpositions`(row: KernelRow) {
    for (m, n, k) in [
      (1, 1, 1), (3, 7, 2), (16, 33, 31), (37, 70, 5), (2, 31, 64), (33, 48, 96), (15, 17, 33),
    ] {
      check(MatmulProblem(m: m, n: n, k: k), on: row)
    }
  }

  @Test(arguments: KernelRow.supported) func `rows apart`(row: KernelRow) {
    check(MatmulProblem(m: 35, n: 40, k: 32, padding: 3), on: row)
  }

  @Test(arguments: KernelRow.supported) func `batch axes broadcast`(row: KernelRow) {
    check(MatmulProblem(m: 5, n: 9, k: 4, batch: [(3, true, true)]), on: row)
    check(MatmulProblem(m: 17, n: 9, k: 4, batch: [(2, true, true), (3, true, false)]), on: row)
    check(
      MatmulProblem(
        m: 20, n: 34, k: 32,
        batch: [(2, false, true), (1, true, true), (2, true, false), (3, true, true)]), on: row)
  }

  @Test(arguments: KernelRow.supported) func `long rows, many chunks`(row: KernelRow) {
    check(MatmulProblem(m: 3, n: 5, k: 9000, transposeA: true), (DTH_F32, DTH_BF16), on: row)
    check(MatmulProblem(m: 300, n: 3, k: 4608), (DTH_BF16, DTH_F32), on: row)
  }

  @Test(arguments: KernelRow.supported)
  func `a computed weight is packed as a stored one`(row: KernelRow) {
    for (n, k) in [(1, 1), (33, 5), (40, 64), (64, 33), (100, 70)] {
      for (element, transposed) in [(DTH_F32, false), (DTH_BF16, false), (DTH_BF16, true)] {
        let values = numbers(n * k, seed: 7)
        let weight = Elements(values, element)
        let arguments = dth_pack_args(
          n: Int64(n), k: Int64(k), transposed: transposed, element: element)
        for threads in threadCounts {
          let packed = Elements(
            count: dth_packed_weight_bf16_count(Int64(n), Int64(k)), DTH_BF16)
          execute(
            row.functions.pointee.pack_bf16, arguments, at: [packed.raw, weight.raw],
            threads: threads, scratch: 0)
          #expect(packed.isIntact && weight.isIntact)
          // What pads columns is unspecified.
          let stored = packedBF16(values, n: n, k: k, transposed: transposed)
          let depth = (k + 31) / 32 * 32
          for i in 0..<stored.count where i / (32 * depth) * 32 + i / 2 % 32 < n {
            #expect(packed[i] == stored[i])
          }
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `element-wise results are rounded as they are stored`(row: KernelRow) {
    for (rows, columns, strides) in [
      (3, 5, [5, 1]), (7, 700, [700, 1]), (40, 33, [1, 40]), (4, 16, [20, 1]),
    ] {
      let values = numbers(rows * columns, seed: 5)
      let input = Floats(values)
      for op in [DTH_COPY, DTH_NEGATE] {
        let result = Elements(
          count: (rows - 1) * strides[0] + (columns - 1) * strides[1] + 1, DTH_BF16)
        var arguments = dth_elementwise_args()
        arguments.rank = 2
        arguments.input_count = 1
        arguments.step_count = 1
        setElements(of: &arguments.dims, to: [Int64(rows), Int64(columns)])
        setElements(of: &arguments.result_strides, to: strides.map(Int64.init))
        setElements(of: &arguments.input_strides, to: [Int64(columns), 1])
        setElements(
          of: &arguments.steps, to: [dth_step(op: Int32(op.rawValue), lhs: 0, rhs: 0)])
        arguments.result_element = DTH_BF16
        execute(
          row.functions.pointee.elementwise, arguments, at: [result.raw, input.raw], threads: 2,
          scratch: 0)
        #expect(result.isIntact)
        for i in 0..<rows {
          for j in 0..<columns {
            let value = values[i * columns + j] * (op == DTH_COPY ? 1 : -1)
            #expect(
              result[i * strides[0] + j * strides[1]] == widened(roundedToBF16(value)))
          }
        }
      }
    }
  }
}
