import CKernels
import Kernels
import Testing

@Suite struct MatmulTests {
  private func check(_ problem: MatmulProblem, on row: KernelRow) {
    let a = Floats(numbers(problem.aCount, seed: 1))
    let b = Floats(numbers(problem.bCount, seed: 2))
    let expected = problem.sums(from: 0.0) { $0 += Double(a[$1]) * Double(b[$2]) }
    var arguments = problem.arguments
    let scratch = dth_matmul_scratch_bytes(&arguments)
    var first: [UInt32] = []
    for threads in threadCounts {
      let result = Floats(count: problem.resultCount)
      execute(
        row.functions.pointee.matmul, arguments, [result, a, b], threads: threads,
        scratch: scratch)
      #expect(result.isIntact && a.isIntact && b.isIntact)
      if threads == 1 {
        first = result.bits
        #expect(relativeError(result.values, expected) < 2e-6, "\(problem)")
      } else {
        #expect(result.bits == first, "\(threads) threads, \(problem)")
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents, all transpositions`(row: KernelRow) {
    for (m, n, k) in [(1, 1, 1), (3, 7, 2), (16, 33, 31), (37, 70, 5), (2, 31, 64)] {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          check(
            MatmulProblem(m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB), on: row
          )
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `batch axes broadcast`(row: KernelRow) {
    check(MatmulProblem(m: 5, n: 9, k: 4, batch: [(3, true, true)]), on: row)
    check(MatmulProblem(m: 5, n: 9, k: 4, batch: [(2, true, true), (3, true, false)]), on: row)
    check(
      MatmulProblem(
        m: 4, n: 34, k: 3,
        batch: [(2, false, true), (1, true, true), (2, true, false), (3, true, true)],
        transposeB: true
      ), on: row)
  }

  @Test(arguments: KernelRow.supported) func `long rows`(row: KernelRow) {
    check(MatmulProblem(m: 3, n: 5, k: 9000, transposeA: true), on: row)
  }

  @Test(arguments: KernelRow.supported) func `several chunks, groups of panels and parts of k`(
    row: KernelRow
  ) {
    for transposeA in [false, true] {
      for transposeB in [false, true] {
        check(
          MatmulProblem(m: 37, n: 421, k: 650, transposeA: transposeA, transposeB: transposeB),
          on: row)
      }
      check(MatmulProblem(m: 450, n: 40, k: 330, transposeA: transposeA), on: row)
      check(
        MatmulProblem(m: 20, n: 40, k: 33, batch: [(3, true, true)], transposeA: transposeA),
        on: row)
    }
  }
}
