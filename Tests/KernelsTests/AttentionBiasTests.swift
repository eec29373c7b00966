import CKernels
import Glibc
import Kernels
import Testing

@Suite struct AttentionBiasTests {
  /// Attention with a bias over some of the axes batch, head, query, key, and with a mask.
  struct Problem {
    var batch = 2
    var heads = 2
    var queries: Int
    var keys: Int
    var width = 5
    /// The axes along which the bias varies; none without a bias.
    var biasAxes: [Bool]?
    /// Whether keys are the outermost axis of the bias.
    var isTransposed = false
    var isMaskShared = false
    /// Whether a key of a batch entry is kept.
    var keeps: ((_ entry: Int, _ key: Int) -> Bool)?

    private var extents: [Int] { [batch, heads, queries, keys] }

    /// The stride of each axis of the bias.
    private var biasStrides: [Int] {
      guard let biasAxes else { return [0, 0, 0, 0] }
      var strides = [0, 0, 0, 0]
      var stride = 1
      let order = isTransposed ? [2, 1, 0, 3] : [3, 2, 1, 0]
      for axis in order where biasAxes[axis] {
        strides[axis] = stride
        stride *= extents[axis]
      }
      return strides
    }

    func check(on row: KernelRow) {
      let tokenWidth = heads * width
      let q = Floats(numbers(batch * queries * tokenWidth, seed: 1))
      let k = Floats(numbers(batch * keys * tokenWidth, seed: 2))
      let v = Floats(numbers(batch * keys * tokenWidth, seed: 3))
      let strides = biasStrides
      let biasCount = zip(extents, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
      let bias = Floats(numbers(biasCount, seed: 4, in: -3...3))
      let maskCount = isMaskShared ? keys : batch * keys
      let mask = Floats(
        (0..<maskCount).map { (keeps?($0 / keys, $0 % keys) ?? true) ? 1 : 0 })
      // What is left out has no influence whatever it holds.
      for entry in 0..<batch {
        for key in 0..<keys where keeps?(isMaskShared ? 0 : entry, key) == false {
          for d in 0..<tokenWidth {
            k[(entry * keys + key) * tokenWidth + d] = .nan
            v[(entry * keys + key) * tokenWidth + d] = .infinity
          }
        }
      }
      let scale: Float = 0.6
      var expected: [Double] = []
      for entry in 0..<batch {
        for query in 0..<queries {
          for head in 0..<heads {
            let kept = (0..<keys).filter { keeps?(isMaskShared ? 0 : entry, $0) ?? true }
            let scores = kept.map { key in
              (0..<width).reduce(
                biasAxes == nil
                  ? 0
                  : Double(
                    bias[
                      entry * strides[0] + head * strides[1] + query * strides[2]
                        + key * strides[3]])
              ) { sum, d in
                sum + Double(scale)
                  * Double(q[(entry * queries + query) * tokenWidth + head * width + d])
                  * Double(k[(entry * keys + key) * tokenWidth + head * width + d])
              }
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            for d in 0..<width {
              let sum = zip(kept, weights).reduce(0.0) {
                $0 + $1.1 * Double(v[(entry * keys + $1.0) * tokenWidth + head * width + d])
              }
              expected.append(kept.isEmpty ? 0 : sum / total)
            }
          }
        }
      }

      var arguments = AttentionTests.arguments(
        batch: batch, heads: heads, queries: queries, keys: keys, width: width, scale: scale)
      arguments.bias_batch_stride = Int64(strides[0])
      arguments.bias_head_stride = Int64(strides[1])
      arguments.bias_query_stride = Int64(strides[2])
      arguments.bias_key_stride = Int64(strides[3])
      arguments.mask_batch_stride = Int64(isMaskShared ? 0 : keys)
      var first: [UInt32] = []
      for threads in threadCounts {
        let result = Floats(count: expected.count)
        execute(
          row.functions.pointee.attention, arguments,
          [result, q, k, v, biasAxes == nil ? nil : bias, keeps == nil ? nil : mask],
          threads: threads, scratch: dth_attention_scratch_bytes(&arguments))
        #expect(result.isIntact && bias.isIntact && mask.isIntact)
        if threads == 1 {
          first = result.bits
          let error = relativeError(result.values, expected)
          #expect(error < 2e-6, "\(error): \(queries) queries, \(keys) keys")
        } else {
          #expect(result.bits == first, "\(threads) threads")
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `a bias over any axes`(row: KernelRow) {
    for bits in 0..<16 {
      let axes = (0..<4).map { bits >> $0 & 1 == 1 }
      Problem(queries: 35, keys: 7, biasAxes: axes).check(on: row)
      Problem(queries: 3, keys: 9, biasAxes: axes, isTransposed: true).check(on: row)
    }
    Problem(queries: 70, keys: 300, biasAxes: [true, true, true, true]).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `masks of any pattern`(row: KernelRow) {
    let patterns: [(Int, Int) -> Bool] = [
      { _, _ in true }, { $1 < 5 + $0 }, { $1 >= 290 + $0 }, { $1 % 3 != $0 },
      { $1 == 200 + $0 }, { entry, key in key < 100 || key > 250 + entry },
    ]
    for keeps in patterns {
      Problem(queries: 33, keys: 300, keeps: keeps).check(on: row)
      Problem(queries: 5, keys: 300, isMaskShared: true, keeps: keeps).check(on: row)
    }
    Problem(
      queries: 9, keys: 140, biasAxes: [false, true, true, true],
      keeps: { _, key in key % 2 == 0 }
    ).check(on: row)
  }

  @Test(arguments: KernelRow.supported)
  func `a query without keys has zeros`(row: KernelRow) {
    Problem(queries: 40, keys: 20, keeps: { _, _ in false }).check(on: row)
    Problem(queries: 40, keys: 300, keeps: { entry, _ in entry == 1 }).check(on: row)
    // A bias may leave keys out too, of one query or of all.
    for masked in [-Float.infinity, -.greatestFiniteMagnitude] {
      let q = Floats([1, 1, 1])
      let k = Floats([1, 2])
      let v = Floats([3, 5])
      let bias = Floats([masked, masked, masked, 0, 0, 0])
      var arguments = AttentionTests.arguments(
        batch: 1, heads: 1, queries: 3, keys: 2, width: 1, scale: 1)
      arguments.bias_query_stride = 2
      arguments.bias_key_stride = 1
      let result = Floats(count: 3)
      execute(
        row.functions.pointee.attention, arguments, [result, q, k, v, bias, nil], threads: 1,
        scratch: dth_attention_scratch_bytes(&arguments))
      #expect(result[0] == 0 && result[1] == 5)
      #expect(abs(result[2] - (3 + 2 / (1 + exp(-1)))) < 1e-6)
    }
  }

  @Test(arguments: KernelRow.supported)
  func `scores of any size count by their differences`(row: KernelRow) {
    // The same bias for all keys changes nothing.
    for shift: Float in [0, -1e4, 1e6, -1e9, 3e20, -3e37] {
      let q = Floats([0, 0, 0, 0])
      let k = Floats([1, 2, 3])
      let v = Floats([3, 5, 10])
      let bias = Floats([shift, shift, shift])
      var arguments = AttentionTests.arguments(
        batch: 1, heads: 1, queries: 4, keys: 3, width: 1, scale: 1)
      arguments.bias_key_stride = 1
      let result = Floats(count: 4)
      execute(
        row.functions.pointee.attention, arguments, [result, q, k, v, bias, nil], threads: 2,
        scratch: dth_attention_scratch_bytes(&arguments))
      #expect(result.values.allSatisfy { abs($0 - 6) < 1e-5 }, "\(shift): \(result.values)")
    }
  }
}
