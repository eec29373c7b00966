import Compiler
import Documents
import Foundation
import ModelSpec
import Testing

@Suite struct DifferenceTests {
  /// 12 features, so that the numbers of parameters can be counted by hand.
  private static let base = """
    ditharos: 1
    name: base
    latent: {channels: 3, height: 6, width: 4}
    patch_size: 2
    latent_dim: 12
    depth: 2
    heads: 3
    conditioning:
      label: {classes: 5, dropout: 0.1}
      modulation: adaln_zero
    final_layer: {out_channels: 6}
    diffusion: {schedule: linear, variance: learned_range, steps: 4}
    training: {loss: mse, optimizer: {kind: sgd, learning_rate: 0.5}}
    example: {label: 2}
    limits: {parameters: 1M}
    """

  /// One edit of the base, what class it is of and which keys it changes.
  struct Edit: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var expected: SpecDifference.Class
    var paths: [String]

    init(
      _ old: String, _ new: String, _ expected: SpecDifference.Class, _ paths: String...
    ) {
      self.old = old
      self.new = new
      self.expected = expected
      self.paths = paths
    }

    var testDescription: String { "\(old) to \(new)" }
  }

  private static let edits = [
    // What is written in another way.
    Edit("patch_size: 2", "patch_size: [2, 2]  # a comment", .none),
    Edit("heads: 3", "heads: 3\nnorm: {kind: layer, epsilon: 1e-6}", .none),
    Edit("ditharos: 1", "ditharos: 1\npreset: dit", .none),
    Edit("label: {classes: 5, dropout: 0.1}", "label: {dropout: 0.1, classes: 5}", .none),
    Edit("limits:", "weights: {layout: ditharos}\nlimits:", .none),
    Edit("steps: 4", "steps: 4, sampler: ddim, guidance: 1", .none),
    Edit("name: base", "name: other", .none, "name"),
    // The same numbers.
    Edit("parameters: 1M", "parameters: 2M", .cost, "limits.parameters"),
    Edit(
      "{parameters: 1M}", "{macs_per_step: 1G}", .cost, "limits.parameters", "limits.macs_per_step"),
    Edit("learning_rate: 0.5", "learning_rate: 0.25", .cost, "training.optimizer.learning_rate"),
    Edit("dropout: 0.1", "dropout: 0.2", .cost, "conditioning.label.dropout"),
    // Other numbers.
    Edit(
      "heads: 3", "heads: 3\nnorm: {kind: layer, epsilon: 1e-5}", .output,
      "blocks[0].sublayers[0].norm.epsilon", "blocks[0].sublayers[1].norm.epsilon",
      "final_layer.norm.epsilon"),
    Edit("heads: 3", "heads: 6", .output, "blocks[0].sublayers[0].heads"),
    Edit("steps: 4", "steps: 5", .output, "diffusion.steps"),
    Edit("steps: 4", "steps: 4, guidance: 3", .output, "diffusion.guidance"),
    Edit("steps: 4", "steps: 4, spacing: trailing", .output, "diffusion.spacing"),
    Edit("steps: 4", "steps: 4, eta: 0.5", .output, "diffusion.eta"),
    Edit("steps: 4", "steps: 4, clip_sample: 1", .output, "diffusion.clip_sample"),
    Edit("steps: 4", "steps: 4, guidance_channels: 2", .output, "diffusion.guidance_channels"),
    Edit("steps: 4", "steps: 4, guidance_channels: 3", .none),
    Edit(
      "steps: 4", "steps: 4, sampler: ddpm", .output, "diffusion.sampler",
      "diffusion.set_alpha_to_one", "diffusion.eta", "diffusion.variance_type"),
    Edit("steps: 4", "steps: 4, prediction: velocity", .output, "diffusion.prediction"),
    Edit(
      "schedule: linear", "schedule: {curve: linear, beta_end: 0.03}", .output,
      "diffusion.schedule.beta_end"),
    Edit(
      "modulation: adaln_zero", "modulation: {form: adaln_zero, order: [scale, shift, gate]}",
      .output, "conditioning.modulation.order"),
    Edit(
      "modulation: adaln_zero", "timestep: {order: sin_cos}\n  modulation: adaln_zero", .output,
      "conditioning.timestep.order"),
    Edit("example: {label: 2}", "example: {label: 3}", .output, "example.label"),
    // A size of picture: weights fit any.
    Edit("height: 6", "height: 8", .output, "latent.height", "position.base_size"),
    // Other weights.
    Edit(
      "latent_dim: 12", "latent_dim: 24", .weights, "latent_dim", "blocks[0].sublayers[1].hidden"),
    Edit("depth: 2", "depth: 3", .weights, "blocks[0].repeat"),
    Edit("classes: 5", "classes: 6", .weights, "conditioning.label.classes"),
    Edit("dropout: 0.1", "dropout: 0", .weights, "conditioning.label.dropout"),
    Edit("limits:", "weights: {layout: diffusers}\nlimits:", .weights, "weights.layout"),
    Edit(
      "heads: 3", "heads: 3\nattention: {projection: none}", .weights,
      "blocks[0].sublayers[0].projection"),
  ]

  @Test(arguments: edits) func `an edit is of its class, there and back`(_ edit: Edit) throws {
    let old = try SmallModels.load(Self.base)
    #expect(Self.base.contains(edit.old))
    let text = Self.base.replacingOccurrences(of: edit.old, with: edit.new)
    let new = try SmallModels.load(text)
    let there = try SpecDifference(from: old, to: new)
    #expect(there.changeClass == edit.expected, "\(there.explanation)")
    #expect(there.changes.map(\.path) == edit.paths)
    let back = try SpecDifference(from: new, to: old)
    #expect(back.changeClass == edit.expected, "\(back.explanation)")
    #expect(Set(back.changes.map(\.path)) == Set(edit.paths))
    #expect(back.figures.map(\.old) == there.figures.map(\.new))
    #expect(back.parameters.added.map(\.count) == there.parameters.removed.map(\.count))
  }

  @Test func `a spec and its canonical form do not differ`() throws {
    for text in SmallModels.all + [Self.base] {
      let loaded = try SmallModels.load(text)
      let difference = try SpecDifference(
        from: loaded, to: SmallModels.load(expand(loaded.spec)))
      #expect(difference.changeClass == .none)
      #expect(difference.changes.isEmpty)
      #expect(difference.explanation == "the canonical forms are equal")
      #expect(difference.figures.allSatisfy { $0.old == $0.new })
    }
  }

  @Test func `equal blocks count as one group however they are written`() throws {
    let loaded = try SmallModels.load(Self.base)
    var split = loaded
    let group = try #require(loaded.spec.denoiser?.blocks.first)
    split.spec.denoiser?.blocks = [1, 1].map {
      BlockGroup(repeatCount: $0, sublayers: group.sublayers)
    }
    #expect(split.spec != loaded.spec)
    let difference = try SpecDifference(from: loaded, to: split)
    #expect(difference.changeClass == .none)
    #expect(difference.changes.isEmpty)
  }

  @Test func `sublayers are found again by their names`() throws {
    let loaded = try SmallModels.load(Self.base)
    var swapped = loaded
    swapped.spec.denoiser?.blocks[0].sublayers.reverse()
    swapped.spec.denoiser?.blocks[0].sublayers[0].residual = false
    let difference = try SpecDifference(from: loaded, to: swapped)
    #expect(difference.changeClass == .output)
    #expect(
      difference.changes.map(\.path) == ["blocks[0].sublayers[0].residual", "blocks[0].sublayers"])
    #expect(difference.changes.last?.new?.flow == "[feed_forward, attention]")

    var without = loaded
    without.spec.denoiser?.blocks[0].sublayers.removeFirst()
    let removal = try SpecDifference(from: loaded, to: without)
    #expect(removal.changes.map(\.path) == ["blocks[0].sublayers[0]"])
    #expect(removal.changes.first?.new == nil)
  }

  // By hand: modulation 12 to 72, four layers 12 to 12, two layers 12 to 48 and back, with biases.
  @Test func `another block is so many parameters, grouped over blocks`() throws {
    let text = Self.base.replacingOccurrences(of: "depth: 2", with: "depth: 5")
    let difference = try SpecDifference(
      from: SmallModels.load(Self.base), to: SmallModels.load(text))
    let parameters = try #require(difference.figures.first { $0.name == "parameters" })
    let block = (12 * 72 + 72) + 4 * (12 * 12 + 12) + (12 * 48 + 48) + (48 * 12 + 12)
    #expect(parameters.new - parameters.old == 3 * block)
    #expect(difference.parameters.added.count == 14)
    #expect(difference.parameters.added.allSatisfy { $0.blocks == [2, 3, 4] })
    #expect(difference.parameters.removed.isEmpty)
    #expect(difference.parameters.reshaped.isEmpty)
    #expect(difference.explanation == "old weights no longer load: 42 tensors added")
    let input = difference.parameters.added.first {
      $0.name == "blocks.*.feed_forward.input.weight"
    }
    #expect(input?.newDimensions == [48, 12])
    #expect(input?.oldDimensions == nil)
  }

  @Test func `words in another order are other numbers, though the graphs are the same`() throws {
    let text = SmallModels.words.replacingOccurrences(
      of: "[red, green, blue]", with: "[green, red, blue]")
    let difference = try SpecDifference(
      from: SmallModels.load(SmallModels.words), to: SmallModels.load(text))
    #expect(difference.changeClass == .output)
    #expect(difference.changes.map(\.path) == ["conditioning.prompt.vocabulary"])
    #expect(difference.explanation.contains("the graphs are the same"))
  }

  @Test func `values in the spec count: another value is output, a missing one weights`() throws {
    let loaded = try SmallModels.load(Self.base)
    let declaration = try #require(
      loaded.spec.parameterDeclarations.first { $0.name == "patch_embedding.bias" })
    let zeros =
      "[" + Array(repeating: "0", count: declaration.dimensions[0]).joined(separator: ", ")
    func with(_ last: String) throws -> LoadedSpec {
      try SmallModels.load(
        Self.base + "\nparameters: {patch_embedding.bias: \(zeros.dropLast())\(last)]}\n")
    }
    let (zero, one) = (try with("0"), try with("1"))
    #expect(try SpecDifference(from: zero, to: one).changeClass == .output)
    #expect(try SpecDifference(from: loaded, to: zero).changeClass == .output)
    #expect(try SpecDifference(from: zero, to: loaded).changeClass == .weights)
    #expect(try SpecDifference(from: zero, to: zero).changeClass == .none)
  }

  @Test func `parts of a model may come and go`() throws {
    let autoencoder = """
      ditharos: 1
      name: words
      video: {frames: 2, height: 4, width: 4, channels: 1, range: [0, 1]}
      autoencoder: {kind: linear, patch_size: [1, 2, 2], latent_channels: 6, activation: none}
      """
    let difference = try SpecDifference(
      from: SmallModels.load(autoencoder), to: SmallModels.load(SmallModels.words))
    #expect(difference.changeClass == .weights)
    #expect(difference.parameters.removed.isEmpty)
    #expect(
      try SpecDifference(
        from: SmallModels.load(autoencoder),
        to: SmallModels.load(autoencoder.replacingOccurrences(of: "[0, 1]", with: "[0, 2]"))
      ).changeClass == .output)
  }
}
