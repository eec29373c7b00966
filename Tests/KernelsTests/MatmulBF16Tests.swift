import CKernels
import Kernels
import Testing

@Suite struct MatmulBF16Tests {
  /// A product over batch axes; a false flag broadcasts the operand along the axis.
  struct Problem {
    var m: Int
    var n: Int
    var k: Int
    var batch: [(extent: Int, a: Bool, b: Bool)] = []
    var transposeA = false
    var transposeB = false
    /// What rows of the operands are apart beyond their columns.
    var padding = 0
    var elements = (a: DTH_F32, b: DTH_BF16)

    private func strides(_ varies: [Bool], size: Int) -> [Int] {
      var stride = size
      var result = [Int](repeating: 0, count: batch.count)
      for axis in batch.indices.reversed() where varies[axis] {
        result[axis] = stride
        stride *= batch[axis].extent
      }
      return result
    }

    private func count(_ varies: [Bool], size: Int) -> Int {
      zip(batch, varies).reduce(size) { $1.1 ? $0 * $1.0.extent : $0 }
    }

    /// The results on a row, the exact products of the rounded operands, and the most that each may
    /// differ from those of the operands as they are.
    func run(on row: KernelRow, threads: Int) -> (result: Elements, exact: [Double], bound: Double)
    {
      let (aRow, bRow) = ((transposeA ? m : k) + padding, (transposeB ? k : n) + padding)
      let (aSize, bSize) = (aRow * (transposeA ? k : m), bRow * (transposeB ? n : k))
      let (aStrides, bStrides) = (
        strides(batch.map(\.a), size: aSize), strides(batch.map(\.b), size: bSize)
      )
      let cStrides = strides(batch.map { _ in true }, size: m * n)
      let aValues = numbers(count(batch.map(\.a), size: aSize), seed: 1)
      let bValues = numbers(count(batch.map(\.b), size: bSize), seed: 2)
      let (a, b) = (Elements(aValues, elements.a), Elements(bValues, elements.b))
      var arguments = dth_matmul_args()
      arguments.m = Int64(m)
      arguments.n = Int64(n)
      arguments.k = Int64(k)
      setElements(of: &arguments.batch, to: [Int64](repeating: 1, count: 4))
      setElements(of: &arguments.batch, to: batch.map { Int64($0.extent) })
      setElements(of: &arguments.a_batch_strides, to: aStrides.map(Int64.init))
      setElements(of: &arguments.b_batch_strides, to: bStrides.map(Int64.init))
      setElements(of: &arguments.result_batch_strides, to: cStrides.map(Int64.init))
      arguments.a_row_stride = Int64(transposeA ? 1 : aRow)
      arguments.a_column_stride = Int64(transposeA ? aRow : 1)
      arguments.b_row_stride = Int64(transposeB ? 1 : bRow)
      arguments.b_column_stride = Int64(transposeB ? bRow : 1)
      arguments.result_stride = Int64(n)
      arguments.a_element = elements.a
      arguments.b_element = elements.b

      let total = count(batch.map { _ in true }, size: 1)
      let result = Elements(count: total * m * n, DTH_F32)
      execute(
        row.functions.pointee.matmul_bf16, arguments, at: [result.raw, a.raw, b.raw],
        threads: threads, scratch: dth_matmul_bf16_scratch_bytes(&arguments))
      #expect(result.isIntact && a.isIntact && b.isIntact)

      var exact: [Double] = []
      var bound = 0.0
      for entry in 0..<total {
        var (rest, aBase, bBase) = (entry, 0, 0)
        for axis in batch.indices.reversed() {
          aBase += rest % batch[axis].extent * aStrides[axis]
          bBase += rest % batch[axis].extent * bStrides[axis]
          rest /= batch[axis].extent
        }
        for i in 0..<m {
          for j in 0..<n {
            var (sum, unrounded, magnitude) = (0.0, 0.0, 0.0)
            for l in 0..<k {
              let x = aBase + (transposeA ? l * aRow + i : i * aRow + l)
              let y = bBase + (transposeB ? j * bRow + l : l * bRow + j)
              sum += a.factor(x) * b.factor(y)
              unrounded += Double(aValues[x]) * Double(bValues[y])
              magnitude += abs(Double(aValues[x]) * Double(bValues[y]))
            }
            // Each operand is off by 2^-8 of itself at most, and sums of k are exact to k 2^-24.
            let most = magnitude * (0x1p-7 + 0x1p-16 + Double(k) * 0x1p-24)
            let error = abs(Double(result[exact.count]) - unrounded)
            bound = max(bound, error - most)
            exact.append(sum)
          }
        }
      }
      return (result, exact, bound)
    }

    func check(on row: KernelRow) {
      let (result, exact, excess) = run(on: row, threads: 1)
      #expect(relativeError(result.values, exact) < (k > 1000 ? 1e-5 : 3e-6), "\(self)")
      #expect(excess <= 0, "\(self)")
      for threads in threadCounts.dropFirst() {
        let other = run(on: row, threads: threads).result
        #expect(other.bits == result.bits, "\(threads) threads, \(self)")
      }
    }
  }

  /// The problem with every pair of types and all transpositions.
  private func check(_ problem: Problem, on row: KernelRow) {
    for elements in elementPairs {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          var typed = problem
          typed.elements = elements
          typed.transposeA = transposeA
          typed.transposeB = transposeB
          typed.check(on: row)
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents, all transpositions`(row: KernelRow) {
    for (m, n, k) in [
      (1, 1, 1), (3, 7, 2), (16, 33, 31), (37, 70, 5), (2, 31, 64), (33, 48, 96), (15, 17, 33),
    ] {
      check(Problem(m: m, n: n, k: k), on: row)
    }
  }

  @Test(arguments: KernelRow.supported) func `rows apart`(row: KernelRow) {
    check(Problem(m: 35, n: 40, k: 32, padding: 3), on: row)
  }

  @Test(arguments: KernelRow.supported) func `batch axes broadcast`(row: KernelRow) {
    Problem(m: 5, n: 9, k: 4, batch: [(3, true, true)]).check(on: row)
    Problem(m: 17, n: 9, k: 4, batch: [(2, true, true), (3, true, false)]).check(on: row)
    check(
      Problem(
        m: 20, n: 34, k: 32,
        batch: [(2, false, true), (1, true, true), (2, true, false), (3, true, true)]), on: row)
  }

  @Test(arguments: KernelRow.supported) func `long rows, many chunks`(row: KernelRow) {
    Problem(m: 3, n: 5, k: 9000, transposeA: true).check(on: row)
    Problem(m: 300, n: 3, k: 4608, elements: (DTH_BF16, DTH_F32)).check(on: row)
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
