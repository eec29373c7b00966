import Compiler
import Diagnostics
import Foundation
import ModelSpec
import Testing
import Weights

/// Specs from model folders of diffusers.
@Suite struct ModelImportTests {
  private let folders: ModelFolders

  init() throws { folders = try ModelFolders() }

  private func keys(_ text: String) -> [String] {
    // Comments follow two spaces.
    text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      line.range(of: "  +# ", options: .regularExpression).map {
        String(line[..<$0.lowerBound])
      } ?? String(line)
    }
  }

  /// Problems as `file:line:column rule message`.
  private func problems(_ name: String) -> [String] {
    do throws(DiagnosticsError) {
      _ = try importModel("\(folders.path)/\(name)", specFolder: folders.path)
      return []
    } catch {
      return error.diagnostics.map { problem in
        let place = problem.primary.map {
          "\($0.file.dropFirst(folders.path.utf8.count + 1)):\($0.start.line):\($0.start.column) "
        }
        return "\(place ?? "")\(problem.rule.id) \(problem.message)"
      }
    }
  }

  @Test func `a pipeline of equal embedders`() throws {
    try folders.makePipeline(
      "dit-tiny-shared", scheduler: #"{"_class_name": "DDIMScheduler", "clip_sample": false}"#)
    let model = try importModel("\(folders.path)/pipe", specFolder: folders.path)
    #expect(
      keys(model.text) == [
        "ditharos: 1", "name: pipe", "preset: dit-diffusers",
        "latent: {channels: 4, height: 12, width: 12}", "patch_size: 3", "latent_dim: 12",
        "depth: 3", "heads: 2", "feed_forward:", "  norm: {epsilon: 0.01}", "conditioning:",
        "  label: {classes: 5}", "diffusion: {variance: learned_range, guidance: 4}",
        "weights: {layout: diffusers, file: pipe}",
      ])
    #expect(model.text.contains("# the blocks' embedders are equal, and loaded once"))
    #expect(model.text.contains("# the width of a token: 2 heads of 6"))
    #expect(model.warnings.isEmpty)
    #expect(model.weightsOption == nil)
    #expect(model.exampleLabel == 4)
    let loaded = try loadSpec(text: model.text, file: "spec.yaml", folder: folders.path)
    #expect(loaded.warnings.isEmpty)
  }

  @Test func `the pipeline's names of classes are the spec's`() throws {
    try folders.makePipeline(
      "dit-tiny-shared", scheduler: #"{"_class_name": "DDIMScheduler"}"#,
      extra: #"""
        ,
          "id2label": {"4": "crane, bird: #1", "0": "tench, Tinca tinca"}
        """#)
    let model = try importModel("\(folders.path)/pipe", specFolder: folders.path)
    let spec = try loadSpec(text: model.text, file: "spec.yaml", folder: nil).spec
    #expect(
      spec.denoiser?.conditioning.label?.names == [
        LabelCondition.ClassName(number: 0, text: "tench, Tinca tinca"),
        LabelCondition.ClassName(number: 4, text: "crane, bird: #1"),
      ])
    #expect(try loadSpec(text: expand(spec), file: "spec.yaml", folder: nil).spec == spec)
    for names in [#"{"5": "null class"}"#, #"{"x": "y"}"#, #"{"1": 2}"#, #"["a"]"#, "3"] {
      try folders.write(
        """
        {"_class_name": "DiTPipeline", "transformer": ["diffusers", "DiTTransformer2DModel"],
         "id2label": \(names)}
        """, to: "pipe/model_index.json")
      let found = problems("pipe")
      #expect(found.count == 1)
      #expect(
        found.first?.hasPrefix("pipe/model_index.json:2:14 import.argument") == true, "\(found)")
    }
  }

  @Test func `a pipeline with an autoencoder, whose latent the pictures decide`() throws {
    try folders.makePipeline(
      "dit-tiny-a", scheduler: #"{"_class_name": "DDIMScheduler", "clip_sample": false}"#,
      extra: #", "vae": ["diffusers", "AutoencoderKL"]"#)
    try folders.copyFixture("autoencoder-kl", to: "pipe/vae")
    let model = try importModel("\(folders.path)/pipe", specFolder: folders.path)
    #expect(
      keys(model.text).prefix(11) == [
        "ditharos: 1", "name: pipe", "preset: dit-diffusers", "image: {height: 40, width: 40}",
        "autoencoder:", "  kind: kl", "  latent_channels: 3", "  level_channels: [4, 6, 8]",
        "  blocks_per_level: 1", "  norm_groups: 2", "  scaling_factor: 0.18215",
      ])
    #expect(keys(model.text).last == "weights: {layout: diffusers, file: pipe}")
    #expect(!model.text.contains("\nlatent:"))
    // The latents of another autoencoder are not the denoiser's.
    try folders.write(
      #"{"_class_name": "AutoencoderKL", "latent_channels": 4, "norm_num_groups": 32}"#,
      to: "pipe/vae/config.json")
    #expect(problems("pipe").contains { $0.contains("import.argument") })
  }

  @Test func `the autoencoder of Stable Diffusion is a preset`() throws {
    try folders.write(
      """
      {"_class_name": "AutoencoderKL", "sample_size": 256, "act_fn": "silu",
       "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
       "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                            "DownEncoderBlock2D"],
       "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                          "UpDecoderBlock2D"]}
      """, to: "sd/vae/config.json")
    try folders.write(
      #"{"_class_name": "AutoencoderTiny", "act_fn": "relu"}"#, to: "taesd/config.json")
    let sd = try importModel("\(folders.path)/sd/vae", specFolder: folders.path)
    #expect(
      keys(sd.text) == [
        "ditharos: 1", "name: sd", "image: {height: 256, width: 256}", "autoencoder: {preset: sd}",
        "weights: {layout: diffusers}",
      ])
    let tiny = try importModel("\(folders.path)/taesd", specFolder: folders.path)
    #expect(keys(tiny.text).contains("autoencoder: {preset: taesd}"))
  }

  @Test func `what an autoencoder has that a spec cannot say`() throws {
    try folders.write(
      """
      {
        "_class_name": "AutoencoderKL",
        "out_channels": 1,
        "down_block_types": ["AttnDownEncoderBlock2D"],
        "block_out_channels": [32, 64],
        "act_fn": "mish",
        "latents_mean": [0.1],
        "norm_num_groups": 5
      }
      """, to: "kl/config.json")
    #expect(
      Set(problems("kl").map { String($0.prefix { $0 != " " }) }) == [
        "kl/config.json:3:19", "kl/config.json:4:23", "kl/config.json:4:24", "kl/config.json:2:18",
        "kl/config.json:6:13", "kl/config.json:7:19", "kl/config.json:8:22",
      ])
    try folders.write(
      """
      {
        "_class_name": "AutoencoderTiny",
        "encoder_block_out_channels": [64, 64, 64, 128],
        "num_decoder_blocks": [3, 3, 1],
        "upsampling_scaling_factor": 4,
        "upsample_fn": "bilinear"
      }
      """, to: "tiny/config.json")
    #expect(
      Set(problems("tiny").map { String($0.prefix { $0 != " " }) }).isSuperset(of: [
        "tiny/config.json:3:46", "tiny/config.json:5:32", "tiny/config.json:6:18",
      ]))
  }

  @Test func `a component of unequal embedders, the weights in the spec's folder`() throws {
    try folders.copyFixture("dit-tiny-a", to: "DiT tiny/transformer")
    let folder = "\(folders.path)/DiT tiny/transformer"
    let model = try importModel(folder, specFolder: folder)
    #expect(
      keys(model.text) == [
        "ditharos: 1", "name: DiT-tiny", "preset: dit-diffusers",
        "latent: {channels: 3, height: 10, width: 10}", "patch_size: 2", "latent_dim: 20",
        "depth: 2", "heads: 4", "conditioning:", "  label: {classes: 7}",
        "  embedders: per_block", "final_layer: {out_channels: 5}",
        #"weights: {layout: diffusers, file: "."}"#,
      ])
    // The configuration itself is the same model; elsewhere the weights are not named.
    let elsewhere = try importModel(folder + "/config.json", specFolder: "/usr")
    #expect(keys(elsewhere.text).last == "weights: {layout: diffusers}")
    #expect(elsewhere.weightsOption == "--weights \(folder)")
    #expect(elsewhere.warnings.map(\.rule.id).contains("import.weights"))
  }

  @Test func `without weights only the configuration is read`() throws {
    try folders.write(
      """
      {"_class_name": "Transformer2DModel", "norm_type": "ada_norm_zero", "sample_size": 64,
       "in_channels": 4, "out_channels": 8, "use_linear_projection": false,
       "cross_attention_dim": null, "attention_type": "default", "norm_num_groups": 32}
      """, to: "model/config.json")
    let model = try importModel("\(folders.path)/model", specFolder: folders.path)
    #expect(
      keys(model.text) == [
        "ditharos: 1", "name: model", "preset: dit-diffusers",
        "latent: {channels: 4, height: 64, width: 64}", "patch_size: 2", "latent_dim: 1152",
        "depth: 28", "heads: 16", "conditioning:", "  label: {classes: 1000}",
        "diffusion: {variance: learned_range}", "weights: {layout: diffusers}",
      ])
    #expect(model.text.contains("# no weights were there"))
    let spec = try loadSpec(text: model.text, file: "spec.yaml", folder: nil).spec
    #expect(spec.parameterDeclarations.reduce(0) { $0 + $1.dimensions.reduce(1, *) } == 674_834_720)
  }

  @Test func `the last layer says what the configuration leaves out`() throws {
    try folders.copyFixture("dit-tiny-shared", to: "model")
    let config = try String(contentsOfFile: "\(folders.path)/model/config.json", encoding: .utf8)
    try folders.write(
      config.replacing("\"out_channels\": 8", with: "\"out_channels\": null"),
      to: "model/config.json")
    let model = try importModel("\(folders.path)/model", specFolder: folders.path)
    #expect(keys(model.text).contains("diffusion: {variance: learned_range}"))
  }

  @Test func `a scheduler alone`() throws {
    let name = "scheduler/scheduler_config.json"
    try folders.write(
      #"{"_class_name": "DPMSolverMultistepScheduler", "use_karras_sigmas": true, "skip": 1}"#,
      to: name)
    for path in ["scheduler", name] {
      let model = try importModel("\(folders.path)/\(path)", specFolder: folders.path)
      #expect(keys(model.text).last == "diffusion: {sampler: dpm_solver, sigmas: karras}")
      #expect(model.warnings.map(\.rule.id) == ["import.unknown-argument"])
      _ = try loadSpec(text: model.text, file: "spec.yaml", folder: nil)
    }
  }

  @Test func `everything that a spec cannot say is reported at its place, in one run`() throws {
    try folders.makePipeline(
      "dit-tiny-shared", scheduler: #"{"_class_name": "PNDMScheduler"}"#,
      extra: """
        ,
          "text_encoder": ["transformers", "T5EncoderModel"],
          "image_encoder": [null, null]
        """)
    try folders.write(
      """
      {
        "_class_name": "DiTTransformer2DModel",
        "activation_fn": "geglu",
        "attention_bias": false,
        "num_layers": 100000,
        "sample_size": "large",
        "attention_head_dim": 0,
        "norm_elementwise_affine": true
      }
      """, to: "pipe/transformer/config.json")
    let own = "of DiTTransformer2DModel"
    #expect(
      Set(problems("pipe")) == [
        "pipe/scheduler/scheduler_config.json:1:17 import.class "
          + "scheduler `PNDMScheduler` is not supported",
        "pipe/model_index.json:6:3 import.class "
          + "component `text_encoder`, `T5EncoderModel`, is not supported",
        "pipe/transformer/config.json:3:20 import.argument "
          + "`activation_fn` \(own) is `geglu`, which is not supported",
        "pipe/transformer/config.json:4:21 import.argument "
          + "`attention_bias` \(own) is `false`, which is not supported",
        "pipe/transformer/config.json:5:17 import.argument "
          + "`depth` is 100000, expected an integer from 1 to 10000",
        "pipe/transformer/config.json:6:18 import.argument "
          + "`height` is `large`, expected an integer from 1 to 65536",
        "pipe/transformer/config.json:7:25 import.argument "
          + "`attention_head_dim` \(own) is `0`, expected an integer from 1 to 65536",
        "pipe/transformer/config.json:8:30 import.argument "
          + "`norm_elementwise_affine` \(own) is `true`, which is not supported",
      ])
  }

  @Test(arguments: [
    ("[]", "import.class"), ("{}", "import.class"), (#"{"_class_name": 3}"#, "import.class"),
    (#"{"_class_name": "UNet2DConditionModel"}"#, "import.class"),
    (#"{"_class_name": "PixArtAlphaPipeline"}"#, "import.class"),
    (#"{"_class_name": "AutoencoderKLWan"}"#, "import.class"),
    (#"{"_class_name": "DiTPipeline"}"#, "import.class"),
    (#"{"_class_name": "DiTPipeline", "transformer": ["a", "b"]}"#, "file.unreadable"),
    (#"{"_class_name": "Transformer2DModel", "norm_type": "ada_norm_single"}"#, "import.argument"),
    (#"{"_class_name": "Transformer2DModel", "a": 1, "a": 2}"#, "json.syntax"),
    (#"{"_class_name": "DiTTransformer2DModel", "num_layers": 1e999}"#, "import.argument"),
    (
      #"{"_class_name": "DiTTransformer2DModel", "num_attention_heads": 4096, "#
        + #""attention_head_dim": 65536}"#, "import.argument"
    ),
    (#"{"_class_name": "DiTTransformer2DModel", "patch_size": 5}"#, "import.argument"),
    (String(repeating: "[", count: 100), "json.syntax"),
    ("{\"_class_name\": \"" + String(repeating: "x", count: 2 << 20) + "\"}", "file.unreadable"),
    ("\u{0}", "json.syntax"),
  ])
  func `what is no model is refused`(_ text: String, _ rule: String) throws {
    try folders.write(text, to: "config.json")
    let found = problems("config.json")
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.contains("\(rule) ") }, "\(found)")
  }

  @Test func `a folder without a configuration is refused`() throws {
    #expect(problems(".").first?.contains("import.folder") == true)
    #expect(problems("nothing").first?.contains("file.unreadable") == true)
  }

  @Test func `weights that are not the configuration's are refused`() throws {
    try folders.copyFixture("dit-tiny-a", to: "model")
    let config = try String(contentsOfFile: "\(folders.path)/model/config.json", encoding: .utf8)
    try folders.write(
      config.replacing("\"num_layers\": 2", with: "\"num_layers\": 3"), to: "model/config.json")
    #expect(problems("model").first?.contains("weights.fit") == true)
    try folders.write("short", to: "model/diffusion_pytorch_model.safetensors")
    #expect(problems("model").first?.contains("weights.safetensors") == true)
  }

  @Test func `a pickle checkpoint is not opened`() throws {
    try folders.copyFixture("dit-tiny-a", to: "model")
    try FileManager.default.moveItem(
      atPath: "\(folders.path)/model/diffusion_pytorch_model.safetensors",
      toPath: "\(folders.path)/model/diffusion_pytorch_model.bin")
    let model = try importModel("\(folders.path)/model", specFolder: folders.path)
    #expect(model.warnings.map(\.rule.id).contains("import.weights"))
    #expect(model.warnings.contains { $0.help?.contains("safetensors") == true })
    #expect(keys(model.text).last == "weights: {layout: diffusers}")
  }

  @Test func `no text of a folder reaches the spec as more than text`() throws {
    let name = "x: 1\nheads: 2\u{7}#"
    try folders.write(#"{"_class_name": "DiTTransformer2DModel"}"#, to: name + "/config.json")
    let model = try importModel("\(folders.path)/\(name)", specFolder: folders.path)
    #expect(keys(model.text)[1] == "name: x--1-heads--2--")
    // Weights in a folder of such a name are still found.
    try folders.copyFixture("dit-tiny-a", to: "other\n: [")
    let other = try importModel("\(folders.path)/other\n: [", specFolder: folders.path)
    let spec = try loadSpec(text: other.text, file: "spec.yaml", folder: folders.path).spec
    #expect(spec.weights?.file == "other\n: [")
  }

  @Test func `a damaged configuration gives a spec or problems, and never a crash`() throws {
    let config = Array(
      try String(
        contentsOfFile: "\(ModelFolders.fixtures)/dit-tiny-a/config.json", encoding: .utf8
      ).utf8)
    var state: UInt64 = 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let pieces = ["0", "-1", "1e9", "null", "[]", "{", "}", "\"", ",", ":", "true", "99999999999"]
    for _ in 0..<300 {
      var bytes = config
      for _ in 0...random(3) {
        let start = random(bytes.count)
        let end = min(bytes.count, start + random(6))
        bytes.replaceSubrange(start..<end, with: Array(pieces[random(pieces.count)].utf8))
      }
      try folders.write(String(decoding: bytes, as: UTF8.self), to: "config.json")
      do throws(DiagnosticsError) {
        let model = try importModel("\(folders.path)/config.json", specFolder: folders.path)
        _ = try loadSpec(text: model.text, file: "spec.yaml", folder: nil)
      } catch {
        #expect(error.diagnostics.allSatisfy { !$0.rule.id.hasPrefix("spec.") })
      }
    }
  }
}
