import Diagnostics
import Foundation
import Tensors
import Testing
import Weights

/// `.ditc` files: what is written is read again, and nothing else is accepted.
@Suite struct CompiledFileTests {
  @Test(
    arguments: [
      ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b), ("abc", 0x44bc_2cf5_ad77_0999),
      ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
    ] as [(String, UInt64)])
  func `has the checksum of the reference implementation`(text: String, sum: UInt64) {
    #expect(Array(text.utf8).withUnsafeBytes(xxh64) == sum)
  }

  @Test func `holds what was written`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    let file = try CompiledFile(path: folder.write(sample.bytes, to: "x.ditc"))
    #expect(file.spec == sample.spec)
    #expect(file.precision == .bf16)
    #expect(file.parameters == sample.parameters)
    #expect(file.weights == sample.weights)
    #expect(file.byteCount == sample.bytes.count)
    for (weight, bytes) in zip(sample.weights, sample.packed) {
      let found = try #require(file.bytes(of: weight))
      #expect(found.elementsEqual(bytes))
      #expect(UInt(bitPattern: found.baseAddress) % 64 == 0)
    }
    var other = sample.weights[0]
    other.layout = .rows
    #expect(file.bytes(of: other) == nil)
    try file.checkWeights()
  }

  @Test func `gives the values of parameters in any layout`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    let path = try folder.write(sample.bytes, to: "x.ditc")
    let source = try ParameterSource.open(sample.parameters, weights: path)
    #expect(source.precision == .bf16)
    for (parameter, values) in zip(sample.parameters, sample.values) {
      #expect(source.withValues(of: parameter.name) { Array($0) } == values)
    }
    for weight in sample.weights { #expect(source.packedBytes(of: weight) != nil) }
  }

  @Test func `gives way to values of the spec`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    let path = try folder.write(sample.bytes, to: "x.ditc")
    let own = Tensor([40, 2], [Float](repeating: 7, count: 80))
    let source = try ParameterSource.open(
      sample.parameters, inline: [(name: "a", value: own)], weights: path)
    #expect(source.withValues(of: "a") { Array($0) } == own.values)
    #expect(source.withValues(of: "b") { Array($0) } == sample.values[1])
    #expect(source.packedBytes(of: sample.weights[0]) == nil)
    #expect(source.packedBytes(of: sample.weights[1]) != nil)
  }

  @Test func `holds no weights where the spec has all values`() throws {
    let writer = try CompiledFileWriter(
      spec: "ditharos: 1\n", precision: .f32, parameters: [], weights: [])
    let folder = try TemporaryFolder()
    let file = try CompiledFile(path: folder.write(writer.head + writer.checksums, to: "x"))
    #expect(file.weights.isEmpty && file.byteCount == writer.byteCount)
    try file.checkWeights()
  }

  @Test func `is known by its first bytes or its name`() throws {
    let folder = try TemporaryFolder()
    #expect(CompiledFile.isCompiled(path: "missing.DITC"))
    #expect(CompiledFile.isCompiled(path: try folder.write(CompiledSample().bytes, to: "x")))
    #expect(!CompiledFile.isCompiled(path: try folder.write(Array("ditharos: 1\n".utf8), to: "y")))
    #expect(!CompiledFile.isCompiled(path: folder.path))
    #expect(!CompiledFile.isCompiled(path: "missing.yaml"))
  }

  @Test func `is refused where it is cut short anywhere`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    for count in 0..<sample.bytes.count {
      let path = try folder.write(Array(sample.bytes.prefix(count)), to: "x.ditc")
      let problem = try refusal(path)
      #expect(problem.rule == CompiledRules.format, "\(count)")
      #expect(problem.message.contains(count == 0 ? "no compiled model" : "cut short"), "\(count)")
    }
  }

  @Test func `is refused where it goes on`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(CompiledSample().bytes + [0], to: "x.ditc")
    #expect(try refusal(path).message.contains("more than the"))
  }

  @Test func `is refused with any bit of its head changed`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    for index in 0..<sample.dataStart {
      var bytes = sample.bytes
      bytes[index] ^= 1 << (index % 8)
      let problem = try refusal(folder.write(bytes, to: "x.ditc"))
      let isVersion = (8..<12).contains(index)
      #expect(
        problem.rule == (isVersion ? CompiledRules.version : CompiledRules.format), "\(index)")
    }
  }

  @Test func `is verified to the last bit`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    let path = try folder.write(sample.bytes, to: "x.ditc")
    try CompiledFile(path: path).checkWeights()
    for index in sample.dataStart..<sample.bytes.count {
      var bytes = sample.bytes
      bytes[index] ^= 1 << (index % 8)
      let file = try CompiledFile(path: folder.write(bytes, to: "x.ditc"))
      do {
        try file.checkWeights()
        Issue.record("byte \(index) is not checked")
      } catch {
        #expect(error.diagnostics.map(\.rule) == [CompiledRules.damage])
        #expect(error.diagnostics[0].message.contains("1 weight of 4 is not as written"))
      }
    }
  }

  @Test func `of a later version asks for a later program`() throws {
    var bytes = CompiledSample().bytes
    bytes[8] = 2
    let folder = try TemporaryFolder()
    let problem = try refusal(folder.write(bytes, to: "x.ditc"))
    #expect(problem.rule == CompiledRules.version)
    #expect(problem.message.contains("version 2 of the format; this program reads version 1"))
  }

  @Test func `of another kind is told from a damaged one`() throws {
    let folder = try TemporaryFolder()
    let pointer = Array("version https://git-lfs.github.com/spec/v1\n".utf8)
    #expect(try refusal(folder.write(pointer, to: "x.ditc")).help?.contains("git lfs pull") == true)
    let other = safetensors("{}   ")
    let problem = try refusal(folder.write(other, to: "x.ditc"))
    #expect(problem.message.contains("is no compiled model"))
    #expect(problem.help?.contains("safetensors") == true)
    #expect(try refusal(folder.path).rule == WeightRules.file)
    #expect(try refusal(folder.path + "/none.ditc").rule == WeightRules.file)
  }

  @Test func `of another model is refused with what differs`() throws {
    let sample = CompiledSample()
    let folder = try TemporaryFolder()
    let path = try folder.write(sample.bytes, to: "x.ditc")
    var wanted = sample.parameters
    wanted[0].dimensions = [2, 40]
    wanted[1].name = "new"
    do {
      _ = try ParameterSource.open(wanted, weights: path)
      Issue.record("another model's file is read")
    } catch {
      let problem = error.diagnostics[0]
      #expect(problem.rule == WeightRules.fit)
      #expect(
        problem.message
          == "`\(path)` was compiled from another model: 1 parameter missing: `new`; 1 parameter "
          + "that the model has not: `b`; 1 parameter of another shape: `a`, the first is [40,2], "
          + "the model needs [2,40]")
    }
  }

  @Test func `needs a spec that can be read again`() {
    #expect(throws: DiagnosticsError.self) {
      try CompiledFileWriter(
        spec: String(repeating: "#", count: 1 << 20 + 1), precision: .f32, parameters: [],
        weights: [])
    }
  }
}

/// What opening a file is refused with.
func refusal(_ path: String) throws -> Diagnostic {
  do {
    _ = try CompiledFile(path: path)
  } catch {
    #expect(error.diagnostics.count == 1 && error.diagnostics[0].rule.kind == .input)
    #expect(error.diagnostics[0].message.contains("`\(path)`"))
    return error.diagnostics[0]
  }
  throw Unrefused()
}

private struct Unrefused: Error {}
