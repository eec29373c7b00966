import Diagnostics
import ModelSpec
import Testing

@Suite struct ExpansionTests {
  /// Specs that differ from the shipped ones in every part of the language.
  static let variants: [String] = [
    tinySpec([:], "position: sincos_1d"),
    tinySpec([:], "position: {base_size: [2, 2], interpolation_scale: 0.5}"),
    tinySpec([:], "position: none\nnorm: none"),
    tinySpec([:], "norm: {epsilon: 1e-5}\nfeed_forward: {ratio: 2.5, activation: relu}"),
    tinySpec([:], "feed_forward: {hidden: 24, residual: false, norm: none}"),
    tinySpec([:], "feed_forward: linear\nattention: {value: none, projection: none}"),
    tinySpec([:], "diffusion: {schedule: squared_cosine, prediction: velocity, steps: 10}"),
    tinySpec([:], "diffusion: {schedule: {curve: scaled_linear, beta_end: 0.012}, guidance: 4}"),
    tinySpec([:], "diffusion: {spacing: trailing, set_alpha_to_one: false, steps_offset: 1}"),
    tinySpec([:], "diffusion: {eta: 0.5, clip_sample: 1.5, guidance_channels: 3}"),
    tinySpec([:], "diffusion: {sampler: ddpm, schedule: linear}"),
    tinySpec([:], "diffusion: {sampler: ddpm, spacing: respaced, variance_type: fixed_large}"),
    tinySpec([:], "diffusion: {sampler: ddpm, variance: learned_range, clip_sample: none}"),
    tinySpec([:], "diffusion: {sampler: dpm_solver}"),
    tinySpec(
      [:],
      "diffusion: {sampler: dpm_solver, schedule: {zero_terminal_snr: true}, prediction: velocity, "
        + "solver_order: 1, solver_type: heun, sigmas: karras, final_sigma: sigma_min, "
        + "lambda_min_clipped: -5.1, lower_order_final: false, euler_at_final: true}"),
    tinySpec([:], "diffusion: {sampler: dpm_solver, prediction: flow}"),
    tinySpec([:], "diffusion: {sampler: euler}"),
    tinySpec([:], "diffusion: {sampler: euler, schedule: {curve: flow, shift: 3}, steps: 28}"),
    tinySpec(
      [:],
      "diffusion: {sampler: euler, schedule: {curve: flow, dynamic_shift: {form: linear}}, "
        + "spacing: trailing, shift_terminal: 0.1, stochastic: true}"),
    tinySpec([:], "diffusion: {prediction: sample}"),
    tinySpec([:], "diffusion: {variance: learned_range}\nfinal_layer: {order: [w, c, h]}"),
    tinySpec([:], "final_layer: {modulation: [scale, shift], norm: {epsilon: 1e-3}}"),
    tinySpec([:], "final_layer: {modulation: none, norm: none}"),
    tinySpec([:], "limits: {peak_memory: 512MiB, parameters: 40M, macs_per_step: 2.5G}"),
    tinySpec([:], "weights: {layout: diffusers, file: a folder/model.safetensors}"),
    tinySpec([:], "training: {optimizer: {learning_rate: 1e-4}}\nexample: {label: 3, timestep: 7}"),
    tinySpec(
      [:],
      "training: {weighting: min_snr, clip: 1, ema: 0.9999, batch: 8, accumulate: 4, steps: 100, "
        + "schedule: {kind: cosine, warmup: 10}, optimizer: {kind: adamw, learning_rate: 1e-4, "
        + "betas: [0.9, 0.99], epsilon: 1e-6, weight_decay: 0.01}}"),
    tinySpec(
      [:],
      "diffusion: {variance: learned_range}\n"
        + "training: {variational_weight: 0.5, optimizer: {learning_rate: 0.1}}"),
    tinySpec(
      [:],
      "diffusion: {sampler: euler}\ntraining: {timesteps: {kind: logit_normal, mean: -0.5}, "
        + "schedule: cosine, weighting: none, optimizer: {learning_rate: 0.1}}"),
    tinySpec(
      [:],
      "parameters: {patch_embedding.bias: ["
        + (0..<16).map { "\($0).1" }
        .joined(separator: ", ") + "]}"),
    tinySpec(["name": "none"]), tinySpec(["name": "true"]), tinySpec(["name": "0"]),
    tinySpec(["conditioning": "none"]), tinySpec(["conditioning": "{modulation: adaln}"]),
    tinySpec(["conditioning": "{modulation: {form: plain, order: [scale, shift]}}"]),
    tinySpec(["conditioning": "{embedders: per_block, label: {classes: 3, dropout: 0}}"]),
    tinySpec(["conditioning": "{timestep: {encoding: binary, bits: 10}, combine: concat}"]),
    tinySpec([
      "conditioning": "{timestep: {width: 6, order: sin_cos, frequency_shift: 0.5, max_period: 7}}"
    ]),
    tinySpec([
      "conditioning": "{prompt: {length: 2, unknown: token, dropout: 0.1, vocabulary: [no, on, 1]}}"
    ]),
    tinySpec([
      "conditioning":
        "{prompt: {length: 2, unknown: skip, vocabulary: {null: [0.1, 1e-7], y: [3e30, -0]}}}"
    ]),
    tinySpec(
      ["conditioning": "{prompt: {embedding: text_encoder, dropout: 0.2}, modulation: adaln}"],
      "text_encoder: {width: 8, depth: 2, heads: 4, length: 6, vocabulary: [no, on, 1]}\n"
        + "cross_attention: {heads: 2, norm: {epsilon: 1e-4}}"),
    tinySpec(
      [
        "conditioning": "{prompt: {embedding: text_encoder}, combine: concat}", "depth": "",
        "heads": "",
      ],
      """
      text_encoder:
        {kind: transformer, width: 6, depth: 1, heads: 3, hidden: 9, activation: silu,
          norm_epsilon: 1e-4, length: 2, unknown: token, vocabulary: [sky]}
      blocks:
        - sublayers:
            - {kind: cross_attention, heads: 2, norm: none, modulated: true, residual: false}
            - {kind: cross_attention, name: again, heads: 8}
      """),
    tinySpec([
      "latent": "{channels: 4, frames: 4, height: 8, width: 8}", "patch_size": "[2, 2, 4]",
    ]),
    tinySpec(
      ["depth": "", "heads": ""],
      """
      blocks:
        - repeat: 3
          sublayers:
            - {kind: attention, name: first, heads: 4, modulated: false}
            - {kind: attention, name: second, heads: 2, norm: none, residual: false}
            - {kind: feed_forward, hidden: 7}
        - sublayers: [{kind: feed_forward, layers: linear, norm: {epsilon: 1e-4}}]
      """),
  ]

  @Test(arguments: variants) func expandsToATextThatLoadsAsTheSame(_ text: String) throws {
    let spec = try load(text)
    let canonical = expand(spec)
    let again = try load(canonical)
    #expect(again == spec)
    #expect(expand(again) == canonical)
  }

  @Test func variantsDifferFromOneAnother() throws {
    let specs = try Self.variants.map(load)
    #expect(Set(specs).count == specs.count)
  }

  @Test func crossAttentionStandsAfterTheAttentionOfEveryBlock() throws {
    let spec = try load(
      tinySpec(
        ["conditioning": "{prompt: {embedding: text_encoder}, modulation: adaln_zero}"],
        """
        text_encoder: {width: 8, depth: 2, heads: 4, length: 6, vocabulary: [red, sky]}
        cross_attention: {heads: 2}
        norm: {epsilon: 1e-4}
        """))
    let encoder = try #require(spec.textEncoder)
    #expect(encoder.hidden == 32 && encoder.activation == .geluTanh && encoder.unknown == .skip)
    let denoiser = try #require(spec.denoiser)
    let sublayers = try #require(denoiser.blocks.first).sublayers
    #expect(sublayers.map(\.name) == ["attention", "cross_attention", "feed_forward"])
    #expect(sublayers[1].operation == .crossAttention(CrossAttention(heads: 2)))
    #expect(sublayers.map(\.modulated) == [true, false, true])
    #expect(sublayers.allSatisfy { $0.residual && $0.norm == Norm(epsilon: 1e-4) })
    // Two words and the padding; unknown words are left out.
    #expect(denoiser.conditioning.prompt?.paddingID == 2)
    let declarations = Dictionary(
      uniqueKeysWithValues: spec.parameterDeclarations.map { ($0.name, $0) })
    #expect(declarations["text_encoder.words.weight"]?.dimensions == [3, 8])
    #expect(declarations["text_encoder.words.weight"]?.initial == .normal(deviation: 0.02))
    #expect(declarations["text_encoder.positions.weight"]?.dimensions == [6, 8])
    #expect(declarations["conditioning.prompt.projection.weight"]?.dimensions == [16, 8])
    #expect(declarations["blocks.1.cross_attention.key.weight"]?.dimensions == [16, 8])
    #expect(
      declarations["blocks.1.cross_attention.key.weight"]?.initial
        == .uniform(bound: (6.0 / 24).squareRoot()))
    #expect(declarations["blocks.1.cross_attention.projection.weight"]?.initial == .zeros)
  }

  @Test func aTextEncoderMayStandInAnotherFile() throws {
    let folder = try TemporaryFolder()
    folder.write(
      "ditharos: 1\nname: t\n"
        + "text_encoder: {width: 8, depth: 1, heads: 2, length: 4, vocabulary: [a]}\n",
      to: "text.yaml")
    let conditioning = "{prompt: {embedding: text_encoder}, modulation: adaln}"
    let text = tinySpec(["conditioning": conditioning], "text_encoder: {file: text.yaml}")
    let spec = try loadSpec(text: text, file: "test.yaml", folder: folder.path).spec
    #expect(spec.textEncoder?.vocabulary == ["a"])
    #expect(spec.denoiser?.conditioning.prompt?.width == 8)
    let alone = try loadSpec(file: folder.path + "/text.yaml").spec
    #expect(alone.denoiser == nil && alone.textEncoder == spec.textEncoder)
  }

  @Test func everyCanonicalKeyIsPresent() throws {
    let canonical = expand(try load(tinySpec()))
    // A canonical text needs no preset and no default: without any of its lines it says less.
    for key in [
      "latent", "patch_size", "patch_embedding", "position", "latent_dim", "conditioning",
      "blocks", "final_layer", "diffusion", "combine", "embedders", "norm", "modulated",
      "residual", "projection", "out_channels", "order", "guidance", "steps", "epsilon",
      "guidance_channels", "eta", "clip_sample", "zero_terminal_snr",
    ] {
      #expect(canonical.contains("\(key):"), "\(key)")
    }
    #expect(canonical.contains("preset: none"))
    for key in ["depth:", "\nheads:", "\nnorm:", "\nattention:"] {
      #expect(!canonical.contains(key), "\(key)")
    }
  }
}
