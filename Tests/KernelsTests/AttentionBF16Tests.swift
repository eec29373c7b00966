import CKernels
import Glibc
import Kernels
import Testing

@Suite struct AttentionBF16Tests {
  /// Attention over separate operands, or over parts of one packed buffer.
  struct Problem {
    var batch = 1
    var heads: Int
    var queries: Int
    var keys: Int
    var width: Int
    var valueWidth: Int
    var scale: Float
    var packed = false
    var magnitude: Float = 1
    var operandElement = DTH_BF16
    var resultElement = DTH_BF16

    /// Weights of values are rounded to bf16, 2^-9 of each; and so may be results.
    func check(on row: KernelRow, tolerance: Double = 6e-3) {
      let qRow = packed ? heads * (2 * width + valueWidth) : heads * width
      let vRow = packed ? qRow : heads * valueWidth
      let range = -magnitude...magnitude
      let q = Elements(numbers(batch * queries * qRow, seed: 1, in: range), operandElement)
      let k =
        packed ? q : Elements(numbers(batch * keys * qRow, seed: 2, in: range), operandElement)
      let v = packed ? q : Elements(numbers(batch * keys * vRow, seed: 3), operandElement)
      let kStart = packed ? heads * width : 0
      let vStart = packed ? 2 * heads * width : 0

      var expected: [Double] = []
      for b in 0..<batch {
        for i in 0..<queries {
          for h in 0..<heads {
            let scores = (0..<keys).map { j in
              (0..<width).reduce(0.0) { sum, d in
                sum + q.factor((b * queries + i) * qRow + h * width + d)
                  * k.factor(kStart + (b * keys + j) * qRow + h * width + d)
              } * Double(scale)
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            for d in 0..<valueWidth {
              expected.append(
                (0..<keys).reduce(0.0) { sum, j in
                  sum + weights[j] / total
                    * v.factor(vStart + (b * keys + j) * vRow + h * valueWidth + d)
                })
            }
          }
        }
      }

      var arguments = dth_attention_args()
      arguments.batch = Int64(batch)
      arguments.heads = Int64(heads)
      arguments.queries = Int64(queries)
      arguments.keys = Int64(keys)
      arguments.width = Int64(width)
      arguments.value_width = Int64(valueWidth)
      arguments.scale = scale
      arguments.q_row_stride = Int64(qRow)
      arguments.q_batch_stride = Int64(queries * qRow)
      arguments.k_row_stride = Int64(qRow)
      arguments.k_batch_stride = Int64(keys * qRow)
      arguments.v_row_stride = Int64(vRow)
      arguments.v_batch_stride = Int64(keys * vRow)
      arguments.result_row_stride = Int64(heads * valueWidth)
      arguments.result_batch_stride = Int64(queries * heads * valueWidth)
      arguments.operand_element = operandElement
      arguments.result_element = resultElement
      var first: [UInt32] = []
      for threads in threadCounts {
        let result = Elements(count: expected.count, resultElement)
        execute(
          row.functions.pointee.attention_bf16, arguments,
          at: [result.raw, q.raw, k.address(of: kStart), v.address(of: vStart)],
          threads: threads, scratch: dth_attention_bf16_scratch_bytes(&arguments))
        #expect(result.isIntact && q.isIntact && k.isIntact && v.isIntact)
        if threads == 1 {
          first = result.bits
          let error = relativeError(result.values, expected)
          #expect(error < tolerance, "\(error): \(self)")
        } else {
          #expect(result.bits == first, "\(threads) threads, \(self)")
        }
      }
    }
  }

  /// The problem with every pair of types.
  private func check(_ problem: Problem, on row: KernelRow, tolerance: Double = 6e-3) {
    for (operand, result) in elementPairs {
      var typed = problem
      typed.operandElement = operand
      typed.resultElement = result
      typed.check(on: row, tolerance: tolerance)
    }
  }

  @Test(arguments: KernelRow.supported) func `any widths`(row: KernelRow) {
    for (width, valueWidth) in [
      (1, 1), (2, 3), (7, 7), (13, 14), (31, 15), (32, 32), (64, 64), (72, 72), (33, 129),
      (128, 128), (96, 16),
    ] {
      for (queries, keys) in [(5, 9), (40, 34)] {
        check(
          Problem(
            heads: 2, queries: queries, keys: keys, width: width, valueWidth: valueWidth,
            scale: 1 / Float(width).squareRoot()), on: row)
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any numbers of queries and keys`(row: KernelRow) {
    for queries in [1, 15, 16, 31, 32, 33, 70] {
      for keys in [1, 2, 16, 31, 33, 63, 128, 129, 300] {
        check(
          Problem(heads: 1, queries: queries, keys: keys, width: 6, valueWidth: 5, scale: 0.7),
          on: row)
      }
    }
    check(
      Problem(heads: 1, queries: 600, keys: 20, width: 3, valueWidth: 3, scale: 1), on: row)
  }

  @Test(arguments: KernelRow.supported) func `parts of one buffer`(row: KernelRow) {
    check(
      Problem(
        batch: 2, heads: 3, queries: 20, keys: 20, width: 9, valueWidth: 9, scale: 1 / 3,
        packed: true), on: row)
    check(
      Problem(
        batch: 2, heads: 2, queries: 70, keys: 70, width: 64, valueWidth: 64, scale: 1 / 8,
        packed: true), on: row)
  }

  @Test(arguments: KernelRow.supported) func `large scores do not overflow`(row: KernelRow) {
    check(
      Problem(
        heads: 2, queries: 40, keys: 200, width: 16, valueWidth: 8, scale: 1, magnitude: 30),
      on: row, tolerance: 1e-2)
  }

  @Test(arguments: KernelRow.supported) func `NaN reaches the queries that see it`(row: KernelRow) {
    // Head 0 has a NaN in query 1; head 1 has one in the values.
    for (operand, resultElement) in elementPairs {
      let q = Elements([1, 1, .nan, 1, 1, 1], operand)
      let k = Elements([1, 1, 2, 2], operand)
      let v = Elements([1, .nan, 2, 2], operand)
      let result = Elements(count: 6, resultElement)
      var arguments = dth_attention_args()
      arguments.batch = 1
      arguments.heads = 2
      arguments.queries = 3
      arguments.keys = 2
      arguments.width = 1
      arguments.value_width = 1
      arguments.scale = 1
      arguments.q_row_stride = 2
      arguments.k_row_stride = 2
      arguments.v_row_stride = 2
      arguments.result_row_stride = 2
      arguments.operand_element = operand
      arguments.result_element = resultElement
      execute(
        row.functions.pointee.attention_bf16, arguments, at: [result.raw, q.raw, k.raw, v.raw],
        threads: 2, scratch: dth_attention_bf16_scratch_bytes(&arguments))
      #expect(result.values.map(\.isNaN) == [false, true, true, true, false, true])
    }
  }
}
