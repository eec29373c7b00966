import Diagnostics
import Foundation
import Tensors
import Testing
import Weights

@Suite struct SafetensorsFileTests {
  @Test(
    "reading and writing a file of the reference library gives its bytes",
    arguments: try FileManager.default.subpathsOfDirectory(atPath: fixtures)
      .filter { $0.hasSuffix(".safetensors") }.sorted())
  func rewritesFixture(_ name: String) throws {
    let original = try SafetensorsFile(path: fixtures + "/" + name)
    let folder = try TemporaryFolder()
    // Another order than the file's: the writer's own decides.
    let contents = original.tensors.reversed().map { TensorContent($0) }
    try SafetensorsWriter.write(
      contents, metadata: original.metadata, to: folder.path + "/copy.safetensors")
    let bytes = try readBytes(fixtures + "/" + name)
    #expect(try readBytes(folder.path + "/copy.safetensors") == bytes)
    #expect(SafetensorsWriter.encode(contents, metadata: original.metadata) == bytes)
    #expect(try folder.contents == ["copy.safetensors"])
  }

  @Test func `reads names, types, extents, values and metadata`() throws {
    let folder = try TemporaryFolder()
    let header = """
      {"__metadata__":{"format":"pt","n\\u00e9\\ud83d\\ude00":"\\"\\\\\\/\\b\\f\\n\\r\\t"}, \
      "b": {"shape":[2,1], "data_offsets":[4,8], "dtype":"F16"},\
      "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, \
      "empty":{"dtype":"I64","shape":[3,0],"data_offsets":[8,8]}}   
      """
    let data: [UInt8] = [0, 0, 0xc0, 0x3f, 0x00, 0x3c, 0x00, 0xc0]
    let file = try SafetensorsFile(path: folder.write(safetensors(header) + data))
    #expect(file.tensors.map(\.name) == ["a", "b", "empty"])
    #expect(file.metadata.map(\.key) == ["format", "né😀"])
    #expect(file.metadata.map(\.value) == ["pt", "\"\\/\u{8}\u{c}\n\r\t"])
    #expect(file["a"]?.tensor == Tensor([], [1.5]))
    #expect(file["b"]?.dtype == .f16)
    #expect(file["b"]?.tensor == Tensor([2, 1], [1, -2]))
    #expect(file["empty"]?.elementCount == 0)
    #expect(file["empty"]?.dimensions == [3, 0])
    #expect(file["c"] == nil)
  }

  @Test func `lends aligned floats without a copy`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write([TensorContent("x", Tensor([3], [1, 2, 3]))], to: path)
    let view = try #require(try SafetensorsFile(path: path)["x"])
    let raw = view.withBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(view.withFloats { UInt(bitPattern: $0.baseAddress) } == raw)
    #expect(view.withFloats { Array($0) } == [1, 2, 3])
  }

  @Test func `reads floats at any alignment`() throws {
    let folder = try TemporaryFolder()
    let header = """
      {"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
      "b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}
      """
    let file = try SafetensorsFile(
      path: folder.write(safetensors(header) + [7, 0, 0, 0x80, 0x40]))
    #expect(file["b"]?.tensor.values == [4])
    #expect(file["a"]?.tensor == Tensor(ids: [1], [7]))
  }

  @Test func `opens a header of a hundred thousand tensors`() throws {
    let folder = try TemporaryFolder()
    let count = 100_000
    var header = "{"
    for index in 0..<count {
      header += "\"tensor.\(index)\":{\"dtype\":\"U8\",\"shape\":[1],"
      header += "\"data_offsets\":[\(index),\(index + 1)]},"
    }
    header.removeLast()
    let file = try SafetensorsFile(
      path: folder.write(safetensors(header + "}", dataByteCount: count)))
    #expect(file.tensors.count == count)
    #expect(file["tensor.99999"]?.byteCount == 1)
  }

  @Test func `names a missing file and a folder`() throws {
    let folder = try TemporaryFolder()
    for (path, text) in [
      (folder.path + "/none.safetensors", "no such file"), (folder.path, "is a folder"),
      ("/dev/null", "is no regular file"),
    ] {
      let error = #expect(throws: DiagnosticsError.self) { try SafetensorsFile(path: path) }
      let problem = try #require(error?.diagnostics.first)
      #expect(problem.rule.id == "weights.file")
      #expect(problem.message.contains(path) && problem.message.contains(text))
    }
  }
}
