import Diagnostics
import Tensors
import Testing
import Weights

/// A file that must be refused, and a part of the message that says why.
struct Attack: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let reason: String

  init(_ name: String, _ bytes: [UInt8], _ reason: String) {
    testDescription = name
    self.bytes = bytes
    self.reason = reason
  }

  /// A header around a tensor `a` and the bytes that follow.
  init(_ name: String, _ header: String, data: Int = 0, _ reason: String) {
    self.init(name, safetensors(header, dataByteCount: data), reason)
  }
}

private func tensor(_ name: String, _ dtype: String, _ shape: String, _ offsets: String) -> String {
  "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

private let maximum = Int.max

private let attacks: [Attack] = [
  Attack("empty file", [], "it has 0 bytes, fewer than the 8"),
  Attack("seven bytes", [UInt8](repeating: 0, count: 7), "it has 7 bytes"),
  Attack("no header", [UInt8](repeating: 0, count: 8), "the end of the header"),
  Attack(
    "header above the cap", [1, 0xe1, 0xf5, 5, 0, 0, 0, 0], "above the limit of 100000000"),
  Attack("huge header", [UInt8](repeating: 0xff, count: 8), "above the limit of 100000000"),
  Attack("header cut off", [100, 0, 0, 0, 0, 0, 0, 0, 0x7b], "only 1 follow"),
  Attack("not an object", "[]", "expected an object"),
  Attack("deep nesting", String(repeating: "[", count: 100_000), "expected an object"),
  Attack("text after the object", "{} {", "more after the end"),
  Attack("object cut off", "{\"a\":", "expected an object, '{' at byte 5"),
  Attack("string cut off", "{\"a", "ends inside a string"),
  Attack("escape cut off", "{\"\\", "ends inside a string"),
  Attack("comma at the end", "{" + tensor("a", "U8", "[0]", "[0,0]") + ",}", "a key in quotes"),
  Attack("key without quotes", "{a:1}", "found 'a'"),
  Attack("value of the wrong kind", "{\"a\":1}", "found '1'"),
  Attack(
    "name that is not UTF-8", [4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22], "is not UTF-8"),
  Attack(
    "overlong encoding", [5, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xc0, 0xaf, 0x22], "is not UTF-8"),
  Attack("control character", "{\"\u{1}\":1}", "control character"),
  Attack("half of a surrogate pair", "{\"\\ud800\":1}", "surrogate pair"),
  Attack("wrong second surrogate", "{\"\\ud800\\u0041\":1}", "surrogate pair"),
  Attack("unknown escape", "{\"\\x\":1}", "unknown escape"),
  Attack("malformed escape", "{\"\\u00g0\":1}", "malformed"),
  Attack(
    "tensor twice",
    "{" + tensor("a", "U8", "[1]", "[0,1]") + "," + tensor("a", "U8", "[1]", "[1,2]") + "}",
    data: 2, "the tensor `a` occurs twice"),
  Attack(
    "tensor twice, once escaped",
    "{" + tensor("a", "U8", "[1]", "[0,1]") + "," + tensor("\\u0061", "U8", "[1]", "[1,2]") + "}",
    data: 2, "the tensor `a` occurs twice"),
  Attack("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", "occurs twice"),
  Attack(
    "metadata key twice", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", "the key `a` of"),
  Attack("metadata not of strings", "{\"__metadata__\":{\"a\":1}}", "expected a string"),
  Attack(
    "dtype twice", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[]}}",
    "the key \"dtype\" twice"),
  Attack("unknown dtype", "{" + tensor("a", "F12", "[]", "[0,0]") + "}", "has dtype `F12`"),
  Attack("unknown key", "{\"a\":{\"dtyp\":\"U8\"}}", "has the key `dtyp`"),
  Attack("no dtype", "{\"a\":{\"shape\":[],\"data_offsets\":[0,0]}}", "has no \"dtype\""),
  Attack("no shape", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}", "has no \"shape\""),
  Attack("no offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", "has no \"data_offsets\""),
  Attack("negative extent", "{" + tensor("a", "U8", "[-1]", "[0,0]") + "}", "found '-'"),
  Attack("fraction", "{" + tensor("a", "U8", "[1.5]", "[0,1]") + "}", "found '.'"),
  Attack("exponent", "{" + tensor("a", "U8", "[1e0]", "[0,1]") + "}", "found 'e'"),
  Attack("leading zero", "{" + tensor("a", "U8", "[01]", "[0,1]") + "}", "leading zero"),
  Attack(
    "extent above 64 bits", "{" + tensor("a", "U8", "[99999999999999999999]", "[0,1]") + "}",
    "too large"),
  Attack(
    "product that overflows to nothing",
    "{" + tensor("a", "U8", "[4294967296,4294967296]", "[0,0]") + "}", "too large to exist"),
  Attack(
    "byte count that overflows", "{" + tensor("a", "F32", "[\(maximum)]", "[0,4]") + "}",
    "too large to exist"),
  Attack(
    "65 axes",
    "{" + tensor("a", "U8", "[" + String(repeating: "1,", count: 64) + "1]", "[0,1]") + "}",
    "more than 64"),
  Attack("one offset", "{" + tensor("a", "U8", "[0]", "[0]") + "}", "not [begin, end]"),
  Attack("three offsets", "{" + tensor("a", "U8", "[0]", "[0,0,0]") + "}", "more than 2"),
  Attack("reversed offsets", "{" + tensor("a", "U8", "[1]", "[1,0]") + "}", "not [begin, end]"),
  Attack(
    "size that differs from the shape", "{" + tensor("a", "F32", "[2]", "[0,4]") + "}", data: 4,
    "is F32 [2], 8 bytes, but its data_offsets hold 4"),
  Attack(
    "end beyond the file", "{" + tensor("a", "U8", "[\(maximum)]", "[0,\(maximum)]") + "}",
    data: 8, "which has 8: the file is truncated"),
  Attack(
    "overlap",
    "{" + tensor("a", "U8", "[4]", "[0,4]") + "," + tensor("b", "U8", "[4]", "[2,6]") + "}",
    data: 6, "tensor `b` begins at byte 2 of the data instead of 4: it overlaps"),
  Attack(
    "the same bytes twice",
    "{" + tensor("a", "U8", "[4]", "[0,4]") + "," + tensor("b", "U8", "[4]", "[0,4]") + "}",
    data: 4, "overlaps"),
  Attack(
    "gap", "{" + tensor("a", "U8", "[1]", "[0,1]") + "," + tensor("b", "U8", "[1]", "[2,3]") + "}",
    data: 3, "it follows a gap"),
  Attack("gap at the start", "{" + tensor("a", "U8", "[1]", "[1,2]") + "}", data: 2, "gap"),
  Attack(
    "bytes at the end", "{" + tensor("a", "U8", "[1]", "[0,1]") + "}", data: 3,
    "2 bytes belong to none"),
  Attack("data without tensors", "{}", data: 1, "cover 0 of 1 bytes"),
  Attack(
    "name with control codes",
    "{" + tensor("\\u001b[2J\\n", "U8", "[1]", "[1,2]") + "}", data: 2,
    "tensor `\\u{1b}[2J\\u{a}` begins"),
]

@Suite struct HeaderAttackTests {
  @Test(arguments: attacks) func refuses(_ attack: Attack) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(attack.bytes)
    let error = #expect(throws: DiagnosticsError.self) { try SafetensorsFile(path: path) }
    let problem = try #require(error?.diagnostics.first)
    #expect(error?.diagnostics.count == 1)
    #expect(problem.rule.kind == .input)
    #expect(problem.rule.id == "weights.safetensors")
    #expect(problem.message.contains("`\(path)`"))
    #expect(problem.message.contains(attack.reason), "\(problem.message)")
  }

  @Test func `says what a file of another kind is`() throws {
    let folder = try TemporaryFolder()
    for (start, text) in [
      ("version https://git-lfs.github.com/spec/v1", "git lfs pull"), ("<!DOCTYPE html>", "web"),
      ("PK\u{3}\u{4}aaaaaaaa", "torch.load"), ("GGUFaaaaaaaa", "GGUF"),
    ] {
      let path = try folder.write(Array(start.utf8))
      let error = #expect(throws: DiagnosticsError.self) { try SafetensorsFile(path: path) }
      #expect(error?.diagnostics.first?.help?.contains(text) == true)
    }
  }

  @Test func `survives every truncation of a file`() throws {
    let folder = try TemporaryFolder()
    let whole = try readBytes(fixtures + "/dit-tiny-shared/inputs.safetensors")
    for count in 0..<whole.count where count < 300 || count % 97 == 0 {
      let path = try folder.write(Array(whole[..<count]))
      #expect(throws: DiagnosticsError.self) { try SafetensorsFile(path: path) }
    }
  }

  @Test func `survives random damage`() throws {
    var generator = TestGenerator(state: 20_240_611)
    let folder = try TemporaryFolder()
    let whole = try readBytes(fixtures + "/dit-tiny-shared/inputs.safetensors")
    let tokens = Array("{}[]\",:\\0123456789-.eu \u{0}F".utf8)
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<208, using: &generator)
        switch UInt8.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[place] = tokens.randomElement(using: &generator) ?? 0
        case 2: bytes.remove(at: place)
        default: bytes.insert(tokens.randomElement(using: &generator) ?? 0, at: place)
        }
      }
      let path = try folder.write(bytes)
      // Whatever is accepted must be readable to its last byte.
      do {
        for view in try SafetensorsFile(path: path).tensors {
          #expect(view.withFloats { $0.count } == view.elementCount)
          _ = view.tensor.values.reduce(0, +)
        }
      } catch {
        #expect(error is DiagnosticsError)
      }
    }
  }
}
