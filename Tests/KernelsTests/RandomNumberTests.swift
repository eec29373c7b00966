import CKernels
import Glibc
import Kernels
import Testing

@Suite struct RandomNumberTests {
  private func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: 4)
    dth_philox4x32_10(counter, key, &words)
    return words
  }

  /// The vectors `kat_vectors` of Random123 1.09.
  @Test func `philox gives its published answers`() {
    let ones = UInt32.max
    #expect(
      philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    #expect(
      philox([ones, ones, ones, ones], [ones, ones])
        == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    #expect(
      philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }

  @Test func `normals are Box and Muller's of the words`() {
    let seed: UInt64 = 0x0123_4567_89AB_CDEF
    let step: UInt64 = 0xFEDC_BA98_7654_3210
    let values = philoxNormals(seed: seed, step: step, count: 4000)
    for block in 0..<1000 {
      let words = philox(
        [UInt32(block), 0, 0x7654_3210, 0xFEDC_BA98], [0x89AB_CDEF, 0x0123_4567])
      for pair in [0, 2] {
        let radius = (-2 * log((Double(words[pair]) + 0.5) / 4_294_967_296)).squareRoot()
        let angle = 2 * Double.pi * Double(words[pair + 1]) / 4_294_967_296
        #expect(abs(Double(values[4 * block + pair]) - radius * cos(angle)) < 5e-7)
        #expect(abs(Double(values[4 * block + pair + 1]) - radius * sin(angle)) < 5e-7)
      }
    }
  }

  @Test func `an element depends on its index alone`() {
    let whole = philoxNormals(seed: 7, step: 3, count: 101)
    for first in [0, 1, 2, 3, 5, 50, 100] {
      for count in [0, 1, 2, 3, 4, 9] where first + count <= 101 {
        #expect(
          philoxNormals(seed: 7, step: 3, first: first, count: count)
            == Array(whole[first..<(first + count)]))
      }
    }
    #expect(philoxNormals(seed: 7, step: 4, count: 101) != whole)
    #expect(philoxNormals(seed: 8, step: 3, count: 101) != whole)
    #expect(philoxNormals(seed: 7 | 1 << 40, step: 3, count: 101) != whole)
  }

  @Test func `normals have the moments of the normal distribution`() {
    let count = 200_000
    let values = philoxNormals(seed: 1, step: 0, count: count).map(Double.init)
    let moments = (1...4).map { power in
      values.reduce(0) { $0 + pow($1, Double(power)) } / Double(count)
    }
    // Five standard deviations of each estimate: variances 1, 2, 15 and 96 over the count.
    let deviation = Double(count).squareRoot()
    #expect(abs(moments[0]) < 5 / deviation)
    #expect(abs(moments[1] - 1) < 5 * 2.0.squareRoot() / deviation)
    #expect(abs(moments[2]) < 5 * 15.0.squareRoot() / deviation)
    #expect(abs(moments[3] - 3) < 5 * 96.0.squareRoot() / deviation)
    let neighbours = zip(values, values.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
    #expect(abs(neighbours) < 5 / deviation)
  }

  @Test func `uniforms are the words' upper bits`() {
    let values = philoxUniforms(seed: 0, step: 0, count: 4)
    let words: [UInt32] = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
    #expect(values == words.map { Float($0 >> 8) / 16_777_216 })
    #expect(philoxUniforms(seed: 9, step: 1, count: 10_000).allSatisfy { $0 >= 0 && $0 < 1 })
  }
}

@Suite struct ConversionTests {
  @Test func `every half converts exactly`() {
    let halves = (0...UInt16.max).map { $0 }
    var bytes: [UInt8] = [0]
    for half in halves { bytes += [UInt8(half & 255), UInt8(half >> 8)] }
    let result = Floats(count: halves.count)
    // From an odd address.
    bytes.withUnsafeBytes {
      dth_f16_to_f32($0.baseAddress! + 1, result.pointer, Int64(halves.count))
    }
    let values = result.values
    var wrong = 0
    for half in halves {
      let exponent = Int(half >> 10 & 31)
      let fraction = Double(half & 1023) / 1024
      let sign: Double = half >> 15 == 0 ? 1 : -1
      let value = values[Int(half)]
      if exponent == 31 {
        if fraction == 0 ? Double(value) != sign * .infinity : !value.isNaN { wrong += 1 }
      } else {
        let exact =
          exponent == 0
          ? sign * fraction * 0x1p-14 : sign * (1 + fraction) * pow(2, Double(exponent - 15))
        if Double(value) != exact || value.sign != (sign < 0 ? .minus : .plus) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
    #expect(result.isIntact)
  }

  @Test func `bfloat16 is the upper half of a float`() {
    let values: [UInt16] = [0x3F80, 0xC000, 0x7F80, 0xFF80, 0x0001, 0x8000, 0x7FC0]
    let result = Floats(count: 7)
    values.withUnsafeBytes { dth_bf16_to_f32($0.baseAddress!, result.pointer, 7) }
    #expect(result.bits == values.map { UInt32($0) << 16 })
  }
}
