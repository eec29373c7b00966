import Diagnostics
import Tensors
import Testing
import Weights

@Suite struct SafetensorsWriterTests {
  @Test func `orders by type, wider first, then by the bytes of the name`() {
    func scalar(_ name: String, _ dtype: DType) -> TensorContent {
      TensorContent(name, Tensor(TensorType(dtype, []), [1]))
    }
    let bytes = SafetensorsWriter.encode([
      scalar("é", .f32), scalar("z", .f32), scalar("a.10", .f32), scalar("a.9", .f32),
      scalar("B", .f32), scalar("half", .f16), scalar("long", .i64), scalar("flag", .bool),
    ])
    let expected =
      "{\"long\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
      + "\"B\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]},"
      + "\"a.10\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[12,16]},"
      + "\"a.9\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[16,20]},"
      + "\"z\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[20,24]},"
      + "\"é\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[24,28]},"
      + "\"half\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[28,30]},"
      + "\"flag\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[30,31]}}"
    let count = Int(bytes[0]) | Int(bytes[1]) << 8
    #expect(count % 8 == 0)
    let header = String(decoding: bytes[8..<8 + count], as: UTF8.self)
    let padding = String(repeating: " ", count: count - expected.utf8.count)
    #expect(header == expected + padding)
    #expect(padding.count < 8)
    #expect(bytes.count == 8 + count + 31)
  }

  @Test func `reads back names and metadata with every kind of character`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let text = "\"\\/\u{0}\u{8}\u{c}\n\r\t\u{1f}\u{7f}é\u{2028}😀"
    try SafetensorsWriter.write(
      [TensorContent(text, Tensor([1, 2], [3, 4]))], metadata: [("b", text), (text, "a")],
      to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file[text]?.tensor == Tensor([1, 2], [3, 4]))
    #expect(file.metadata.map(\.key) == ["b", text])
    #expect(file.metadata.map(\.value) == [text, "a"])
  }

  @Test func `writes no tensors at all`() throws {
    #expect(SafetensorsWriter.encode([]) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
  }
}
