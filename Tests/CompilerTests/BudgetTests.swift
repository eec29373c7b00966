import Compiler
import Diagnostics
import Documents
import Foundation
import ModelSpec
import Testing

@Suite struct BudgetTests {
  /// 16 tokens of width 16 in 2 blocks.
  private static let tiny = """
    ditharos: 1
    name: tiny
    latent: {channels: 4, height: 8, width: 8}
    patch_size: 2
    latent_dim: 16
    depth: 2
    heads: 4
    conditioning:
      label: {classes: 10, dropout: 0.1}
      modulation: adaln_zero

    """

  private func problems(_ limits: String, of text: String = tiny) throws -> [Diagnostic] {
    try ModelCompiler(SmallModels.load(text + "limits: {\(limits)}\n")).exceededBudgets()
  }

  @Test(arguments: ["peak_memory", "parameters", "macs_per_step"])
  func `a budget holds at its limit and fails one below`(_ key: String) throws {
    let figures = try ModelCompiler(SmallModels.load(Self.tiny)).figures()
    let amounts = [
      "peak_memory": figures.peakBytes, "parameters": figures.parameters,
      "macs_per_step": figures.macsPerStep,
    ]
    let amount = try #require(amounts[key])
    #expect(try problems("\(key): \(amount)") == [])
    let found = try problems("\(key): \(amount - 1)")
    #expect(found.map(\.path) == ["limits.\(key)"])
    #expect(found.map(\.rule.id) == ["budget." + key.replacingOccurrences(of: "_", with: "-")])
    #expect(found.first?.primary?.start == SourcePosition(line: 11, column: 10 + key.count + 2))
    #expect(found.exitStatus == 5)
  }

  @Test func `all budgets are reported together, in the order of the keys`() throws {
    let found = try problems("macs_per_step: 1, peak_memory: 1, parameters: 1")
    #expect(
      found.map(\.path) == ["limits.peak_memory", "limits.parameters", "limits.macs_per_step"])
  }

  // By hand: in each of 2 blocks 2 · 16 · 64 products for each of 16 tokens.
  @Test func `work is blamed on the sublayer with the most of it`() throws {
    let problem = try #require(try problems("macs_per_step: 100K").first)
    #expect(problem.message.hasSuffix("of `feed_forward` (blocks[0].sublayers[1])"))
    #expect(problem.message.contains("the limit of 100K (100,000)"))
    #expect(problem.related.map(\.message).first?.hasPrefix("65,536 of them") == true)
    #expect(problem.related.map(\.message).first?.hasSuffix("in 2 blocks") == true)
    #expect(problem.related.first?.range.start.line == 5)
  }

  // By hand: 256 · 16 + 16 and 16 · 16 + 16 parameters.
  @Test func `parameters are blamed on the key with the most of them`() throws {
    let problem = try #require(try problems("parameters: 1500").first)
    #expect(problem.message.contains("the limit of 1,500;"))
    #expect(
      problem.related.map(\.message) == ["4,384 of them belong to `conditioning.timestep`"])
    #expect(problem.related.first?.range.start.line == 8)
  }

  @Test func `memory is blamed on the weights where they take most`() throws {
    let text =
      Self.tiny.replacingOccurrences(of: "latent_dim: 16", with: "latent_dim: 512")
    let problem = try #require(try problems("peak_memory: 1500KB", of: text).first)
    #expect(problem.message.contains("the limit of 1500KB (1,500,000 bytes)"))
    #expect(
      problem.message.contains("the weights, before all `blocks.*.feed_forward.input.weight`"))
    #expect(problem.related.count == 2)
  }

  // By hand: 64 · 64 tokens of 64 hidden features in 4 bytes are 1 MiB.
  @Test func `memory is blamed on a tensor of the arena where that takes most`() throws {
    let text =
      Self.tiny.replacingOccurrences(of: "height: 8, width: 8", with: "height: 64, width: 64")
      .replacingOccurrences(of: "patch_size: 2", with: "patch_size: 1")
    let problem = try #require(try problems("peak_memory: 1MiB", of: text).first)
    #expect(problem.message.contains("the limit of 1MiB (1,048,576 bytes)"))
    #expect(problem.message.contains("f32[1,4096,64]` of `feed_forward`"))
    #expect(
      problem.related.first?.message.hasSuffix("with 1.0 MiB (1,048,576 bytes)") == true)
  }

  @Test(arguments: BudgetRules.all.map(\.id))
  func `every rule has a spec that breaks it`(_ rule: String) throws {
    let name = "Specs/invalid/\(rule.replacingOccurrences(of: ".", with: "-")).yaml"
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try readTextFile(
      folder.appendingPathComponent(name).path, byteLimit: 1 << 20)
    let expected = text.split(separator: "\n").filter { $0.hasPrefix("# expect: ") }
      .map { String($0.dropFirst("# expect: ".count)) }
    let found = try ModelCompiler(SmallModels.load(text)).exceededBudgets().map { problem in
      let start = problem.primary?.start
      return "\(start?.line ?? 0):\(start?.column ?? 0) \(problem.rule.id) \(problem.message)"
    }
    #expect(found == expected)
  }
}
