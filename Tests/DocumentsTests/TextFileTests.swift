import Diagnostics
import Documents
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct TextFileTests {
  private func temporaryFile(_ bytes: [UInt8]) throws -> String {
    var template = Array("/tmp/text-file-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    return String(cString: template)
  }

  private func problem(_ path: String, byteLimit: Int = 1000) -> Diagnostic? {
    do throws(DiagnosticsError) {
      _ = try readTextFile(path, byteLimit: byteLimit)
      return nil
    } catch {
      return error.diagnostics.first
    }
  }

  @Test func readsTheWholeFile() throws {
    let path = try temporaryFile(Array("größe\n".utf8))
    defer { unlink(path) }
    #expect(try readTextFile(path, byteLimit: 1000) == "größe\n")
    #expect(try readTextFile(path, byteLimit: 8) == "größe\n")
  }

  @Test func namesWhatCannotBeRead() throws {
    #expect(
      problem("/no/such/file")?.message == "cannot read `/no/such/file`: no such file or directory")
    #expect(problem("/tmp")?.message == "cannot read `/tmp`: it is a folder")
    let path = try temporaryFile([UInt8](repeating: 0x61, count: 1001))
    defer { unlink(path) }
    #expect(problem(path)?.message.contains("more than 1000 bytes") == true)
    #expect([problem("/tmp")].compactMap { $0 }.exitStatus == 4)
  }

  @Test func namesTheByteThatIsNotText() throws {
    let path = try temporaryFile([0x61, 0xC3, 0xA9, 0xFF, 0x61])
    defer { unlink(path) }
    #expect(problem(path)?.rule == DocumentRules.encoding)
    #expect(problem(path)?.message.contains("byte 4") == true)
  }
}
