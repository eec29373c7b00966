import Diagnostics
import ModelSpec
import Testing

/// A small DiT, keys as given in place of its own.
func tinySpec(_ replaced: [String: String] = [:], _ added: String = "") -> String {
  let keys = [
    ("name", "tiny"), ("latent", "{channels: 4, height: 8, width: 8}"), ("patch_size", "2"),
    ("latent_dim", "16"), ("depth", "2"), ("heads", "4"),
    ("conditioning", "{label: {classes: 10}, modulation: adaln_zero}"),
  ]
  let lines = keys.compactMap { key, value -> String? in
    let value = replaced[key] ?? value
    return value.isEmpty ? nil : "\(key): \(value)"
  }
  return (["ditharos: 1"] + lines + [added]).joined(separator: "\n") + "\n"
}

@Suite struct StrictScalarTests {
  @Test(arguments: [
    ("0o6", "6"), ("0x6", "6"), ("0b110", "6"), ("06", "6"), ("1_0", "10"), ("6.0", "6"),
    ("1e1", "10"), ("\"6\"", "6"), ("'6'", "6"), ("+6", "6"), ("0X1f", "31"), ("6.", "6"),
  ])
  func integersShowTheDecimalToWrite(_ text: String, _ decimal: String) {
    do throws(DiagnosticsError) {
      _ = try load(tinySpec(["depth": text]))
      Issue.record("\(text) was accepted")
    } catch {
      #expect(error.diagnostics.map(\.rule) == [SpecRules.scalar])
      #expect(error.diagnostics.first?.help == "write \(decimal)")
      #expect(error.diagnostics.first?.suggestion == decimal)
    }
  }

  @Test(arguments: [
    "six", "6.5", "", "~", "null", "true", ".inf", "nan", "6 7", "0x", "1e-3", "--6", "{}", "[6]",
    "\"\"", "6e", "²", "６",
  ])
  func whatIsNoIntegerIsAnError(_ text: String) {
    #expect(throws: DiagnosticsError.self) { try load(tinySpec(["depth": text])) }
  }

  @Test(arguments: ["99999999999999999999", "-1", "0", "10001"])
  func integersOutOfRangeAreOutOfRange(_ text: String) {
    #expect(problems(tinySpec(["depth": text])).map { $0.contains("spec.range") } == [true])
  }

  @Test(arguments: [
    ("1e-6", 1e-6), ("1E-6", 1e-6), ("0.5", 0.5), ("1", 1), ("2.5e-1", 0.25), ("1e+0", 1),
  ])
  func numbersTakeFractionsAndExponents(_ text: String, _ value: Double) throws {
    let spec = try load(tinySpec([:], "norm: {epsilon: \(text)}"))
    #expect(spec.denoiser?.blocks[0].sublayers[0].norm == Norm(epsilon: value))
  }

  @Test(arguments: [
    ".5", "5e-1_0", "\"0.5\"", "+0.5", "1.", "nan", ".nan", "inf", ".inf", "-.inf", "infinity",
    "1e999", "0x1p-3", "1e", "e5", "0", "00.5",
  ])
  func whatIsNoNumberIsAnError(_ text: String) {
    #expect(throws: DiagnosticsError.self) { try load(tinySpec([:], "norm: {epsilon: \(text)}")) }
  }

  @Test(arguments: ["yes", "True", "1", "\"true\"", "on"])
  func onlyTrueAndFalseAreBooleans(_ text: String) {
    #expect(throws: DiagnosticsError.self) {
      try load(tinySpec([:], "attention: {residual: \(text)}"))
    }
  }

  @Test(arguments: ["no", "on", "1", "0x6", "true", "null"])
  func namesAreStrings(_ text: String) throws {
    #expect(try load(tinySpec(["name": text])).name == text)
  }

  @Test func vocabularyWordsAreStrings() throws {
    let prompt =
      "{prompt: {length: 2, vocabulary: [no, on, 1, 0x6, null, true]}, modulation: adaln}"
    let words = try load(tinySpec(["conditioning": prompt])).denoiser?.conditioning.prompt
    #expect(words?.vocabulary.map(\.text) == ["no", "on", "1", "0x6", "null", "true"])
    #expect(words?.width == 16)
  }

  @Test(arguments: [
    ("512MiB", 536_870_912), ("1GB", 1_000_000_000), ("1.5KiB", 1536), ("7", 7),
    ("2 GiB", 2_147_483_648),
    ("1TiB", 1_099_511_627_776), ("12B", 12),
  ])
  func bytesHaveUnits(_ text: String, _ count: Int) throws {
    #expect(try load(tinySpec([:], "limits: {peak_memory: \(text)}")).limits?.peakMemory == count)
  }

  @Test(arguments: [
    ("40M", 40_000_000), ("2.5G", 2_500_000_000), ("1T", 1_000_000_000_000), ("20K", 20_000),
  ])
  func countsHaveUnits(_ text: String, _ count: Int) throws {
    #expect(
      try load(tinySpec([:], "limits: {macs_per_step: \(text)}")).limits?.macsPerStep == count)
  }

  @Test(arguments: ["512mib", "M", "-1M", "1e9", "0.3B", "1X", "9999999999T", "\"\""])
  func otherQuantitiesAreErrors(_ text: String) {
    #expect(throws: DiagnosticsError.self) {
      try load(tinySpec([:], "limits: {peak_memory: \(text)}"))
    }
  }
}
