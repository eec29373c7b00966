import Foundation
import Testing

/// `schema`.
@Suite struct SchemaCommandTests {
  @Test func `prints the schema that stands under Generated`() throws {
    let result = try ditharos("schema")
    #expect(result.status == 0)
    #expect(result.complaints.isEmpty)
    let generated = try bytes("\(projectFolder)/Generated/ditharos.schema.json")
    #expect(Data(result.output.utf8) == generated)
    #expect(
      try result.json()["$schema"] == .string("https://json-schema.org/draft/2020-12/schema"))
  }

  @Test func `a spec's first line leads to the schema`() throws {
    let spec = try String(decoding: bytes(shipped("dit-s-2")), as: UTF8.self)
    let line = try #require(spec.split(separator: "\n").first)
    let path = try #require(line.split(separator: "$schema=").last)
    #expect(FileManager.default.fileExists(atPath: "\(projectFolder)/Specs/\(path)"))
  }
}
