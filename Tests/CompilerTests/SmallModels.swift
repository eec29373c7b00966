import Compiler
import GraphIR
import ModelSpec
import Reference
import Tensors

/// Small specs that together use every kind of part, with numbers that tell axes apart.
enum SmallModels {
  /// A DiT of pictures: labels, adaLN-zero, learned range.
  static let picture = """
    ditharos: 1
    name: picture
    latent: {channels: 3, height: 6, width: 4}
    patch_size: 2
    latent_dim: 12
    depth: 2
    heads: 3
    conditioning: {label: {classes: 5, dropout: 0.1}, modulation: adaln_zero}
    diffusion: {schedule: linear, prediction: epsilon, variance: learned_range}
    """

  /// A DiT of videos: space-time patches, adaLN without gates, embedders per block.
  static let video = """
    ditharos: 1
    name: video
    latent: {channels: 2, frames: 4, height: 4, width: 2}
    patch_size: [2, 1, 2]
    latent_dim: 16
    depth: 2
    heads: 2
    conditioning:
      label: {classes: 3, dropout: 0.1}
      embedders: per_block
      modulation: adaln
    """

  /// Words with a learned table, concatenated with binary digits; plain modulation of one sublayer.
  static let words = """
    ditharos: 1
    name: words
    video: {frames: 2, height: 4, width: 4, channels: 1, range: [0, 1]}
    autoencoder: {kind: linear, patch_size: [1, 2, 2], latent_channels: 6, activation: none}
    patch_size: 1
    patch_embedding: none
    position: sincos_1d
    latent_dim: 6
    depth: 1
    heads: 2
    conditioning:
      prompt: {embedding: words, length: 3, unknown: token, vocabulary: [red, green, blue], width: 4, dropout: 0.1}
      timestep: {encoding: binary, bits: 4}
      combine: concat
      modulation: {form: plain, order: [scale, shift], activation: none, norm: none, sublayers: [attention]}
    attention: {value: none, projection: none}
    feed_forward: {kind: linear, residual: false}
    final_layer: none
    diffusion: {sampler: subtract, start: 12, steps: 5}
    """

  /// A DiT of pictures whose prompt goes through a text encoder, with cross-attention.
  static let text = """
    ditharos: 1
    name: text
    latent: {channels: 2, height: 4, width: 6}
    patch_size: 2
    latent_dim: 12
    depth: 2
    heads: 3
    text_encoder: {width: 10, depth: 2, heads: 5, length: 5, vocabulary: [red, green, blue, sky]}
    cross_attention: {heads: 2}
    conditioning:
      prompt: {embedding: text_encoder, dropout: 0.1}
      modulation: adaln_zero
    diffusion: {sampler: euler, schedule: flow, prediction: flow}
    """

  static let all = [picture, video, words, text]

  /// The model of pictures with another sampler each.
  static let samplers = [
    "sampler: ddpm, variance: learned_range",
    "sampler: ddpm, prediction: velocity, variance: learned_range, clip_sample: 1",
    "sampler: ddim, variance: learned_range, eta: 0.5, guidance_channels: 2",
    "sampler: dpm_solver, variance: learned_range", "sampler: euler, variance: learned_range",
    "sampler: dpm_solver, schedule: {curve: flow, shift: 3}, variance: learned_range",
    "sampler: euler, stochastic: true, variance: learned_range",
  ].map {
    picture.replacing(
      "schedule: linear, prediction: epsilon, variance: learned_range", with: $0)
  }

  static func load(_ text: String) throws -> LoadedSpec {
    try loadSpec(text: text, file: "spec.yaml", folder: ".")
  }

  /// Random parameters by name, from a small congruential generator.
  static func parameters(of spec: ModelSpec, seed: UInt64 = 1) -> [String: Tensor] {
    var generator = Generator(state: seed)
    return Dictionary(
      uniqueKeysWithValues: spec.parameterDeclarations.map { declaration in
        let count = declaration.dimensions.reduce(1, *)
        let scale = declaration.dimensions.count > 1 ? 0.5 : 0.2
        return (
          declaration.name,
          Tensor(declaration.dimensions, (0..<count).map { _ in generator.next(scale) })
        )
      })
  }

  /// Inputs and states for the sources of graphs.
  static func sources(of graphs: [Graph], seed: UInt64 = 2) -> (
    inputs: [String: Tensor], states: [String: Tensor]
  ) {
    var generator = Generator(state: seed)
    var (inputs, states): ([String: Tensor], [String: Tensor]) = ([:], [:])
    for graph in graphs {
      for node in graph.nodes {
        let count = node.type.shape.elementCount
        switch node.op {
        case .input(let name) where inputs[name] == nil && !name.hasPrefix("carried."):
          inputs[name] = Tensor(
            node.type,
            (0..<count).map { _ in
              node.type.dtype == .i32
                ? Float(Int(abs(generator.next(3)))) : generator.next(1)
            })
        case .state(let name) where states[name] == nil:
          states[name] = Tensor(node.type, (0..<count).map { _ in generator.next(1) })
        default: break
        }
      }
    }
    return (inputs, states)
  }

  struct Generator {
    var state: UInt64
    mutating func next(_ scale: Double) -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float((Double(state >> 40) / Double(1 << 23) - 1) * scale)
    }
  }
}
