import Tensors
import Testing
import Weights

@Suite struct ElementConversionTests {
  /// Writes values as a type, gives the bytes that stand for them and what is read back.
  private func roundTrip(_ dtype: DType, _ values: [Float]) throws -> ([UInt8], [Float]) {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let tensor = Tensor(TensorType(dtype, [values.count]), values)
    try SafetensorsWriter.write([TensorContent("x", tensor)], to: path)
    let view = try #require(try SafetensorsFile(path: path)["x"])
    #expect(view.dtype == dtype)
    return (view.withBytes { Array($0) }, view.withFloats { Array($0) })
  }

  @Test(
    arguments: [
      (DType.f64, [0, 0, 0, 0, 0, 0, 0xf8, 0xbf]), (.f32, [0, 0, 0xc0, 0xbf]), (.f16, [0, 0xbe]),
      (.bf16, [0xc0, 0xbf]), (.i64, [0xfe, 255, 255, 255, 255, 255, 255, 255]),
      (.i32, [0xfe, 255, 255, 255]), (.i16, [0xfe, 255]), (.i8, [0xfe]), (.u8, [0]), (.bool, [1]),
    ] as [(DType, [UInt8])])
  func `writes minus one and a half`(_ dtype: DType, _ bytes: [UInt8]) throws {
    #expect(try roundTrip(dtype, [-1.5]).0 == bytes)
  }

  @Test func `reads every half as the standard library does`() throws {
    let folder = try TemporaryFolder()
    let header = "{\"x\":{\"dtype\":\"F16\",\"shape\":[65536],\"data_offsets\":[0,131072]}}"
    let bits = (0..<65536).map { UInt16($0) }
    let data = bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let file = try SafetensorsFile(path: folder.write(safetensors(header) + data))
    let values = try #require(file["x"]).withFloats { Array($0) }
    let wrong = zip(bits, values).filter { pattern, value in
      let expected = Float(Float16(bitPattern: pattern))
      return expected.isNaN ? !value.isNaN : value.bitPattern != expected.bitPattern
    }
    #expect(wrong.isEmpty)
  }

  @Test func `rounds to the nearest half as the standard library does`() throws {
    var generator = TestGenerator(state: 7)
    var values: [Float] = [0, -0.0, 65504, 65519.996, 65520, 1e9, -.infinity, 0x1p-24, 0x1p-25]
    values += [0x1.8p-25, 0x1p-14, 0x1.ffep-15, 0x1.fffp-15, 1 + 0x1p-11, 1 + 0x3p-11, 0x1p-140]
    for _ in 0..<20_000 {
      let exponent = Float.random(in: -30...17, using: &generator).rounded()
      let value = Float.random(in: -2...2, using: &generator)
      values.append(value * Float(sign: .plus, exponent: Int(exponent), significand: 1))
    }
    let (bytes, _) = try roundTrip(.f16, values)
    for (index, value) in values.enumerated() {
      let pattern = UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8
      #expect(pattern == Float16(value).bitPattern, "\(value)")
    }
  }

  @Test func `rounds to the nearest bfloat, ties to even`() throws {
    let values: [Float] = [1, 1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1.01p-8, -1 - 0x1p-8, .infinity]
    let (_, back) = try roundTrip(.bf16, values)
    #expect(back == [1, 1, 1 + 0x1p-6, 1 + 0x1p-7, -1, .infinity])
    #expect(try roundTrip(.bf16, [.nan]).1[0].isNaN)
  }

  @Test func `clamps integers to their type`() throws {
    let values: [Float] = [-1e30, -129, -3, 0.5, 1.5, 2.5, 300, 1e30, .nan]
    #expect(try roundTrip(.i8, values).1 == [-128, -128, -3, 0, 2, 2, 127, 127, 0])
    #expect(try roundTrip(.u8, values).1 == [0, 0, 0, 0, 2, 2, 255, 255, 0])
    #expect(try roundTrip(.i64, values).1.first == -0x1p63)
    #expect(try roundTrip(.i32, values).1[7] == 0x1p31)
    #expect(try roundTrip(.bool, values).1 == [1, 1, 1, 1, 1, 1, 1, 1, 1])
  }
}
