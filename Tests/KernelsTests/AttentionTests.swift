import CKernels
import Glibc
import Kernels
import Testing

@Suite struct AttentionTests {
  /// The arguments for operands of [batch, tokens, heads * width] each.
  static func arguments(
    batch: Int, heads: Int, queries: Int, keys: Int, width: Int, scale: Float
  ) -> dth_attention_args {
    var arguments = dth_attention_args()
    arguments.batch = Int64(batch)
    arguments.heads = Int64(heads)
    arguments.queries = Int64(queries)
    arguments.keys = Int64(keys)
    arguments.width = Int64(width)
    arguments.value_width = Int64(width)
    arguments.scale = scale
    let row = Int64(heads * width)
    arguments.q_row_stride = row
    arguments.q_batch_stride = Int64(queries) * row
    arguments.k_row_stride = row
    arguments.k_batch_stride = Int64(keys) * row
    arguments.v_row_stride = row
    arguments.v_batch_stride = Int64(keys) * row
    arguments.result_row_stride = row
    arguments.result_batch_stride = Int64(queries) * row
    return arguments
  }

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

    func check(on row: KernelRow, tolerance: Double = 2e-6) {
      let qRow = packed ? heads * (2 * width + valueWidth) : heads * width
      let vRow = packed ? qRow : heads * valueWidth
      let range = -magnitude...magnitude
      let q = Floats(numbers(batch * queries * qRow, seed: 1, in: range))
      let k = packed ? q : Floats(numbers(batch * keys * qRow, seed: 2, in: range))
      let v = packed ? q : Floats(numbers(batch * keys * vRow, seed: 3))
      let kStart = packed ? heads * width : 0
      let vStart = packed ? 2 * heads * width : 0

      var expected: [Double] = []
      for b in 0..<batch {
        for i in 0..<queries {
          for h in 0..<heads {
            let scores = (0..<keys).map { j in
              (0..<width).reduce(0.0) { sum, d in
                sum + Double(q[(b * queries + i) * qRow + h * width + d])
                  * Double(k[kStart + (b * keys + j) * qRow + h * width + d])
              } * Double(scale)
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            for d in 0..<valueWidth {
              expected.append(
                (0..<keys).reduce(0.0) { sum, j in
                  sum + weights[j] / total
                    * Double(v[vStart + (b * keys + j) * vRow + h * valueWidth + d])
                })
            }
          }
        }
      }

      var arguments = AttentionTests.arguments(
        batch: batch, heads: heads, queries: queries, keys: keys, width: width, scale: scale)
      arguments.value_width = Int64(valueWidth)
      arguments.q_row_stride = Int64(qRow)
      arguments.q_batch_stride = Int64(queries * qRow)
      arguments.k_row_stride = Int64(qRow)
      arguments.k_batch_stride = Int64(keys * qRow)
      arguments.v_row_stride = Int64(vRow)
      arguments.v_batch_stride = Int64(keys * vRow)
      arguments.result_row_stride = Int64(heads * valueWidth)
      arguments.result_batch_stride = Int64(queries * heads * valueWidth)
      var first: [UInt32] = []
      for threads in threadCounts {
        let result = Floats(count: expected.count)
        execute(
          row.functions.pointee.attention, arguments,
          [result, q, Floats(k, from: kStart), Floats(v, from: vStart), nil, nil],
          threads: threads,
          scratch: dth_attention_scratch_bytes(&arguments))
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

  @Test(arguments: KernelRow.supported) func `any widths`(row: KernelRow) {
    for (width, valueWidth) in [
      (1, 1), (2, 3), (7, 7), (13, 14), (31, 15), (64, 64), (72, 72), (33, 129),
    ] {
      Problem(
        heads: 2, queries: 5, keys: 9, width: width, valueWidth: valueWidth,
        scale: 1 / Float(width).squareRoot()
      ).check(on: row)
    }
  }

  @Test(arguments: KernelRow.supported) func `any numbers of queries and keys`(row: KernelRow) {
    for queries in [1, 31, 32, 33, 70] {
      for keys in [1, 2, 63, 128, 129, 300] {
        Problem(heads: 1, queries: queries, keys: keys, width: 6, valueWidth: 5, scale: 0.7)
          .check(on: row)
      }
    }
    Problem(heads: 1, queries: 600, keys: 20, width: 3, valueWidth: 3, scale: 1).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `parts of one buffer`(row: KernelRow) {
    Problem(
      batch: 2, heads: 3, queries: 20, keys: 20, width: 9, valueWidth: 9, scale: 1 / 3, packed: true
    ).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `large scores do not overflow`(row: KernelRow) {
    // Scores up to some thousands: e to their power is far beyond a float. Products of this size
    // round to about 1e-4, which is then the relative error of a weight.
    Problem(
      heads: 2, queries: 40, keys: 200, width: 16, valueWidth: 8, scale: 1, magnitude: 30
    ).check(on: row, tolerance: 1e-3)
  }

  @Test(arguments: KernelRow.supported) func `NaN reaches the queries that see it`(row: KernelRow) {
    // Head 0 has a NaN in query 1; head 1 has one in the values.
    let q = Floats([1, 1, .nan, 1, 1, 1])
    let k = Floats([1, 1, 2, 2])
    let v = Floats([1, .nan, 2, 2])
    let result = Floats(count: 6)
    var arguments = Self.arguments(
      batch: 1, heads: 2, queries: 3, keys: 2, width: 1, scale: 1)
    execute(
      row.functions.pointee.attention, arguments, [result, q, k, v, nil, nil], threads: 2,
      scratch: dth_attention_scratch_bytes(&arguments))
    #expect(result.values.map(\.isNaN) == [false, true, true, true, false, true])
  }
}
