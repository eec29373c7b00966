import Diagnostics
import Diffusion
import Foundation
import Media
import Tensors
import Testing

/// Recipes as text: what is written is read, and what is changed never breaks the reader.
@Suite struct RecipeTextTests {
  private static let recipes: [RunRecipe] = [
    RunRecipe(
      version: "0.1.0", kernels: "avx2", precision: .f32, model: "tiny",
      spec: RunRecipe.Source(path: "tiny.yaml", digest: 0),
      weights: RunRecipe.Source(), label: 0, seed: 0, noise: .example, strength: 1,
      sampler: "ddim", isSamplerChosen: false, steps: 1, guidance: -0.5, height: 1, width: 65536,
      scale: 1),
    RunRecipe(
      version: "9", kernels: "neon", precision: .bf16, model: "größe \"空\" \\",
      spec: RunRecipe.Source(path: "a b/../c.yaml", digest: .max),
      weights: RunRecipe.Source(path: "random:3", digest: 1 << 63), prompt: "sora \\u001b is sky",
      label: 1_000_000, labelName: "tabby, tabby cat", negativeLabel: 7, seed: .max,
      noise: .file(RunRecipe.Source(path: "n.safetensors", digest: 5, row: 3)),
      start: RunRecipe.Source(path: "in.png", row: 0), strength: 0.125, sampler: "dpm_solver",
      isSamplerChosen: true, steps: 100_000, guidance: 7.5, cacheThreshold: 0.08, height: 9,
      width: 1, frames: 16, scale: 256, framesPerSecond: 23.976),
  ]

  /// The recipe of a text; nil where it is refused, as a recipe and in words.
  private func read(_ text: String) -> RunRecipe? {
    do throws(DiagnosticsError) {
      return try RunRecipe(json: text, file: "x.png")
    } catch {
      #expect(error.diagnostics.allSatisfy { $0.rule == DiffusionRules.recipe })
      return nil
    }
  }

  @Test func `a recipe comes back from its text`() {
    for recipe in Self.recipes {
      #expect(read(recipe.json) == recipe)
      #expect(read(recipe.json)?.json == recipe.json)
      #expect(recipe.pictureText == recipe.json)
      #expect(recipe.differences(from: recipe, file: "x.png", ignoresWeights: false).isEmpty)
    }
  }

  @Test func `a text with bytes changed, lost or doubled is refused or means something`() {
    var state: UInt64 = 1
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
    var accepted = 0
    for _ in 0..<4000 {
      var bytes = Array(Self.recipes[random(2)].json.utf8)
      for _ in 0...random(3) {
        let start = random(bytes.count)
        let end = min(bytes.count, start + random(12))
        switch random(4) {
        case 0: bytes[start] = UInt8(random(256))
        case 1: bytes.removeSubrange(start..<end)
        case 2: bytes.insert(contentsOf: bytes[start..<end], at: random(bytes.count))
        default: bytes.insert(contentsOf: Array("\",{[0e-1]}:\\u001b".utf8), at: start)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      guard let recipe = read(String(decoding: bytes, as: UTF8.self)) else { continue }
      accepted += 1
      #expect(read(recipe.json) == recipe)
      #expect(!recipe.json.utf8.contains { $0 < 0x20 })
    }
    #expect(accepted > 0)
  }
}
