import CKernels
import Glibc
import Kernels
import Testing

/// The gradients of softmax, norm and attention against sums in double.
@Suite struct GradientKernelTests {
  @Test(arguments: KernelRow.supported)
  func `gradients of softmaxes of any width, in place or not`(row: KernelRow) {
    for width in [1, 2, 7, 31, 32, 33, 1000] {
      let rows = 5
      let y = numbers(rows * width, seed: 1, in: 0...1)
      let dy = numbers(rows * width, seed: 2)
      var expected: [Double] = []
      for r in 0..<rows {
        let range = (r * width)..<((r + 1) * width)
        let sum = range.reduce(0.0) { $0 + Double(y[$1]) * Double(dy[$1]) }
        expected += range.map { (Double(dy[$0]) - sum) * Double(y[$0]) }
      }
      let arguments = dth_softmax_gradient_args(
        rows: Int64(rows), width: Int64(width), result_element: DTH_F32)
      var first: [UInt32] = []
      for threads in threadCounts {
        let (a, b) = (Floats(y), Floats(dy))
        let result = threads == 1 ? Floats(count: y.count) : threads % 2 == 0 ? a : b
        execute(
          row.functions.pointee.softmax_gradient, arguments, [result, a, b], threads: threads)
        #expect(result.isIntact)
        if threads == 1 {
          first = result.bits
          #expect(relativeError(result.values, expected) < 1e-6, "\(width)")
        } else {
          #expect(result.bits == first)
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `gradients of norms of any width, with and without scale and residual`(row: KernelRow) {
    for width in [1, 2, 16, 31, 33, 384] {
      for (scaleRows, hasResidual) in [(0, false), (0, true), (1, false), (3, true), (6, true)] {
        let rows = 6
        let count = rows * width
        // Far from zero, where the means cancel.
        let x = numbers(count, seed: 1).map { $0 + 20 }
        let (dy, residual) = (numbers(count, seed: 2), numbers(count, seed: 3))
        let scale = numbers(max(scaleRows, 1) * width, seed: 4)
        var expected: [Double] = []
        for r in 0..<rows {
          let range = (r * width)..<((r + 1) * width)
          func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(width) }
          let values = range.map { Double(x[$0]) }
          let centred = values.map { $0 - mean(values) }
          let deviation = (mean(centred.map { $0 * $0 }) + 1e-3).squareRoot()
          let y = centred.map { $0 / deviation }
          let scaleRow = scaleRows == 0 ? 0 : r / (rows / scaleRows) * width
          let g = range.enumerated().map { column, i in
            Double(dy[i]) * (scaleRows == 0 ? 1 : Double(scale[scaleRow + column]))
          }
          let slope = mean(zip(g, y).map { $0 * $1 })
          expected += range.enumerated().map { column, i in
            (g[column] - mean(g) - y[column] * slope) / deviation
              + (hasResidual ? Double(residual[i]) : 0)
          }
        }
        let arguments = dth_norm_gradient_args(
          rows: Int64(rows), width: Int64(width), epsilon: 1e-3,
          scale_rows: Int64(max(scaleRows, 1)))
        var first: [UInt32] = []
        for threads in threadCounts {
          let (a, b, c) = (Floats(x), Floats(dy), Floats(residual))
          let result = threads == 1 ? Floats(count: count) : threads % 2 == 0 ? a : b
          execute(
            row.functions.pointee.norm_gradient, arguments,
            [result, a, b, scaleRows == 0 ? nil : Floats(scale), hasResidual ? c : nil],
            threads: threads)
          #expect(result.isIntact)
          if threads == 1 {
            first = result.bits
            // One element is its own mean: all that is left is the residual.
            #expect(width == 1 || relativeError(result.values, expected) < 3e-5, "\(width)")
            let largest = zip(result.values, expected).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(largest < 1e-4)
          } else {
            #expect(result.bits == first)
          }
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `gradients of attention, in one block of queries and in several`(row: KernelRow) {
    for (queries, keys, width, valueWidth) in [
      (1, 1, 1, 1), (7, 19, 5, 3), (48, 48, 32, 32), (33, 70, 40, 8), (75, 1100, 4, 3),
    ] {
      let (batch, heads, scale) = (2, 3, 0.3)
      func strided(_ seed: UInt64, _ tokens: Int, _ width: Int) -> [Float] {
        numbers(batch * tokens * heads * width, seed: seed)
      }
      let q = strided(1, queries, width), k = strided(2, keys, width)
      let v = strided(3, keys, valueWidth), dy = strided(4, queries, valueWidth)
      var dq = [Double](repeating: 0, count: q.count)
      var dk = [Double](repeating: 0, count: k.count)
      var dv = [Double](repeating: 0, count: v.count)
      for b in 0..<batch {
        for h in 0..<heads {
          func at(_ token: Int, _ tokens: Int, _ width: Int, _ d: Int) -> Int {
            ((b * tokens + token) * heads + h) * width + d
          }
          for t in 0..<queries {
            var weights = (0..<keys).map { s in
              (0..<width).reduce(0.0) { sum, d in
                sum + Double(q[at(t, queries, width, d)]) * Double(k[at(s, keys, width, d)])
              } * scale
            }
            let top = weights.max() ?? 0
            weights = weights.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            weights = weights.map { $0 / total }
            let gradients = (0..<keys).map { s in
              (0..<valueWidth).reduce(0.0) { sum, d in
                sum + Double(dy[at(t, queries, valueWidth, d)])
                  * Double(v[at(s, keys, valueWidth, d)])
              }
            }
            let mean = zip(weights, gradients).reduce(0.0) { $0 + $1.0 * $1.1 }
            for s in 0..<keys {
              let score = weights[s] * (gradients[s] - mean) * scale
              for d in 0..<width {
                dq[at(t, queries, width, d)] += score * Double(k[at(s, keys, width, d)])
                dk[at(s, keys, width, d)] += score * Double(q[at(t, queries, width, d)])
              }
              for d in 0..<valueWidth {
                dv[at(s, keys, valueWidth, d)] +=
                  weights[s] * Double(dy[at(t, queries, valueWidth, d)])
              }
            }
          }
        }
      }
      var arguments = dth_attention_gradient_args(
        batch: Int64(batch), heads: Int64(heads), queries: Int64(queries), keys: Int64(keys),
        width: Int64(width), value_width: Int64(valueWidth), scale: Float(scale))
      let scratch = dth_attention_gradient_scratch_bytes(&arguments)
      var first: [UInt32] = []
      for threads in threadCounts {
        let result = Floats(count: q.count + k.count + v.count)
        execute(
          row.functions.pointee.attention_gradient, arguments,
          [result, Floats(q), Floats(k), Floats(v), Floats(dy)], threads: threads,
          scratch: scratch)
        #expect(result.isIntact)
        if threads == 1 {
          first = result.bits
          for (start, expected) in [(0, dq), (q.count, dk), (q.count + k.count, dv)] {
            let values = Array(result.values[start..<(start + expected.count)])
            let largest = expected.map(abs).max() ?? 0
            let error = zip(values, expected).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(error <= 1e-5 * largest + 1e-7, "\(queries) x \(keys) x \(width)")
          }
        } else {
          #expect(result.bits == first)
        }
      }
    }
  }
}
