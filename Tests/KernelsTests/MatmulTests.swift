import CKernels
import Kernels
import Testing

@Suite struct MatmulTests {
  /// A product over batch axes; a false flag broadcasts the operand along the axis.
  struct Problem {
    var m: Int
    var n: Int
    var k: Int
    var batch: [(extent: Int, a: Bool, b: Bool)] = []
    var transposeA = false
    var transposeB = false

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

    func check(on row: KernelRow) {
      let aVaries = batch.map(\.a)
      let bVaries = batch.map(\.b)
      let all = batch.map { _ in true }
      let a = Floats(numbers(count(aVaries, size: m * k), seed: 1))
      let b = Floats(numbers(count(bVaries, size: k * n), seed: 2))
      let aStrides = strides(aVaries, size: m * k)
      let bStrides = strides(bVaries, size: k * n)
      let cStrides = strides(all, size: m * n)
      var arguments = dth_matmul_args()
      arguments.m = Int64(m)
      arguments.n = Int64(n)
      arguments.k = Int64(k)
      setElements(of: &arguments.batch, to: [Int64](repeating: 1, count: 4))
      setElements(of: &arguments.batch, to: batch.map { Int64($0.extent) })
      setElements(of: &arguments.a_batch_strides, to: aStrides.map(Int64.init))
      setElements(of: &arguments.b_batch_strides, to: bStrides.map(Int64.init))
      setElements(of: &arguments.result_batch_strides, to: cStrides.map(Int64.init))
      arguments.a_row_stride = Int64(transposeA ? 1 : k)
      arguments.a_column_stride = Int64(transposeA ? m : 1)
      arguments.b_row_stride = Int64(transposeB ? 1 : n)
      arguments.b_column_stride = Int64(transposeB ? k : 1)
      arguments.result_stride = Int64(n)

      let total = count(all, size: 1)
      var expected: [Double] = []
      for entry in 0..<total {
        var rest = entry
        var aBase = 0
        var bBase = 0
        for axis in batch.indices.reversed() {
          aBase += rest % batch[axis].extent * aStrides[axis]
          bBase += rest % batch[axis].extent * bStrides[axis]
          rest /= batch[axis].extent
        }
        for i in 0..<m {
          for j in 0..<n {
            var sum = 0.0
            for l in 0..<k {
              let x = a[aBase + (transposeA ? l * m + i : i * k + l)]
              let y = b[bBase + (transposeB ? j * k + l : l * n + j)]
              sum += Double(x) * Double(y)
            }
            expected.append(sum)
          }
        }
      }
      var first: [UInt32] = []
      for threads in threadCounts {
        let result = Floats(count: total * m * n)
        execute(
          row.functions.pointee.matmul, arguments, [result, a, b], threads: threads,
          scratch: dth_matmul_scratch_bytes(&arguments))
        #expect(result.isIntact && a.isIntact && b.isIntact)
        if threads == 1 {
          first = result.bits
          #expect(relativeError(result.values, expected) < 2e-6, "\(self)")
        } else {
          #expect(result.bits == first, "\(threads) threads, \(self)")
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents, all transpositions`(row: KernelRow) {
    for (m, n, k) in [(1, 1, 1), (3, 7, 2), (16, 33, 31), (37, 70, 5), (2, 31, 64)] {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          Problem(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB).check(on: row)
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `batch axes broadcast`(row: KernelRow) {
    Problem(m: 5, n: 9, k: 4, batch: [(3, true, true)]).check(on: row)
    Problem(m: 5, n: 9, k: 4, batch: [(2, true, true), (3, true, false)]).check(on: row)
    Problem(
      m: 4, n: 34, k: 3,
      batch: [(2, false, true), (1, true, true), (2, true, false), (3, true, true)],
      transposeB: true
    ).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `long rows`(row: KernelRow) {
    Problem(m: 3, n: 5, k: 9000, transposeA: true).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `several chunks, groups of panels and parts of k`(
    row: KernelRow
  ) {
    for transposeA in [false, true] {
      for transposeB in [false, true] {
        Problem(m: 37, n: 421, k: 650, transposeA: transposeA, transposeB: transposeB)
          .check(on: row)
      }
      Problem(m: 450, n: 40, k: 330, transposeA: transposeA).check(on: row)
      Problem(m: 20, n: 40, k: 33, batch: [(3, true, true)], transposeA: transposeA).check(on: row)
    }
  }
}
