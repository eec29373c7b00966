import Diagnostics
import Foundation
import Tensors
import Testing
import Weights

/// The parameters of a DiT by architectures.md's table, in the names of the spec.
struct DiTShape {
  var width: Int
  var depth: Int
  var patch: Int
  var channels: Int
  var outChannels: Int
  var labelRows: Int
  var frequencies = 256
  var perBlock = false

  static let tinyA = DiTShape(
    width: 20, depth: 2, patch: 2, channels: 3, outChannels: 5, labelRows: 8, perBlock: true)
  static let tinyShared = DiTShape(
    width: 12, depth: 3, patch: 3, channels: 4, outChannels: 8, labelRows: 6)
  static let original = DiTShape(
    width: 12, depth: 2, patch: 2, channels: 3, outChannels: 6, labelRows: 5)

  var parameters: [WantedParameter] {
    var result: [WantedParameter] = []
    func linear(_ name: String, _ input: Int, _ output: Int) {
      result.append(WantedParameter(name: name + ".weight", dimensions: [output, input]))
      result.append(WantedParameter(name: name + ".bias", dimensions: [output]))
    }
    func embedders(_ prefix: String) {
      let table = WantedParameter(
        name: prefix + "conditioning.label.weight", dimensions: [labelRows, width])
      result.append(table)
      linear(prefix + "conditioning.timestep.input", frequencies, width)
      linear(prefix + "conditioning.timestep.output", width, width)
    }
    linear("patch_embedding", channels * patch * patch, width)
    if !perBlock { embedders("") }
    for block in 0..<depth {
      let prefix = "blocks.\(block)."
      if perBlock { embedders(prefix) }
      linear(prefix + "modulation", width, 6 * width)
      for part in ["query", "key", "value", "projection"] {
        linear(prefix + "attention." + part, width, width)
      }
      linear(prefix + "feed_forward.input", width, 4 * width)
      linear(prefix + "feed_forward.output", 4 * width, width)
    }
    linear("final_layer.modulation", width, 2 * width)
    linear("final_layer", width, patch * patch * outChannels)
    return result
  }
}

private func problem(
  _ wanted: [WantedParameter], _ path: String, layout: String = "diffusers"
) throws -> Diagnostic {
  let error = #expect(throws: DiagnosticsError.self) {
    try ParameterSource.open(wanted, weights: path, layout: layout)
  }
  #expect(error?.diagnostics.count == 1)
  return try #require(error?.diagnostics.first)
}

/// Writes a fixture's tensors again, changed.
private func rewritten(
  _ fixture: String, in folder: TemporaryFolder,
  _ change: ([TensorView]) -> [TensorContent]
) throws -> String {
  let file = try SafetensorsFile(
    path: "\(fixtures)/\(fixture)/diffusion_pytorch_model.safetensors")
  let path = folder.path + "/changed.safetensors"
  try SafetensorsWriter.write(change(file.tensors), to: path)
  return path
}

@Suite struct LayoutTests {
  @Test(arguments: [
    ("dit-tiny-a", DiTShape.tinyA), ("dit-tiny-shared", .tinyShared),
    ("dit-original-numerics", .original),
  ])
  func `every tensor of a diffusers DiT is consumed`(_ fixture: String, _ shape: DiTShape) throws {
    let path = "\(fixtures)/\(fixture)/diffusion_pytorch_model.safetensors"
    let file = try SafetensorsFile(path: path)
    let source = try ParameterSource.open(shape.parameters, weights: path, layout: "diffusers")
    for parameter in shape.parameters {
      #expect(source.contains(parameter.name))
      let count = source.withValues(of: parameter.name) { $0.count }
      #expect(count == parameter.dimensions.reduce(1, *))
    }
    #expect(!source.contains("pos_embed.proj.weight"))
    for (ours, theirs) in [
      ("patch_embedding.weight", "pos_embed.proj.weight"),
      ("blocks.1.modulation.bias", "transformer_blocks.1.norm1.linear.bias"),
      ("blocks.1.attention.query.weight", "transformer_blocks.1.attn1.to_q.weight"),
      ("blocks.0.attention.key.weight", "transformer_blocks.0.attn1.to_k.weight"),
      ("blocks.1.attention.value.bias", "transformer_blocks.1.attn1.to_v.bias"),
      ("blocks.1.attention.projection.weight", "transformer_blocks.1.attn1.to_out.0.weight"),
      ("blocks.1.feed_forward.input.weight", "transformer_blocks.1.ff.net.0.proj.weight"),
      ("blocks.1.feed_forward.output.bias", "transformer_blocks.1.ff.net.2.bias"),
      ("final_layer.modulation.weight", "proj_out_1.weight"),
      ("final_layer.bias", "proj_out_2.bias"),
    ] {
      let expected = try #require(file[theirs]).tensor.values
      #expect(source.withValues(of: ours) { Array($0) } == expected, "\(ours)")
    }
  }

  @Test func `embedders of every block are its own`() throws {
    let path = "\(fixtures)/dit-tiny-a/diffusion_pytorch_model.safetensors"
    let file = try SafetensorsFile(path: path)
    let source = try ParameterSource.open(
      DiTShape.tinyA.parameters, weights: path, layout: "diffusers")
    for block in 0..<2 {
      let prefix = "transformer_blocks.\(block).norm1.emb."
      for (ours, theirs) in [
        ("timestep.input.weight", "timestep_embedder.linear_1.weight"),
        ("timestep.output.bias", "timestep_embedder.linear_2.bias"),
        ("label.weight", "class_embedder.embedding_table.weight"),
      ] {
        let values = source.withValues(of: "blocks.\(block).conditioning.\(ours)") { Array($0) }
        #expect(values == file[prefix + theirs]?.tensor.values)
      }
    }
  }

  @Test func `unequal copies are one error that says what to set`() throws {
    var shape = DiTShape.tinyA
    shape.perBlock = false
    let problem = try problem(
      shape.parameters, "\(fixtures)/dit-tiny-a/diffusion_pytorch_model.safetensors")
    #expect(problem.rule.id == "weights.copies")
    #expect(problem.message.contains("`conditioning.label.weight`"))
    #expect(problem.message.contains("and 2 more"))
    #expect(
      problem.message.contains(
        "`transformer_blocks.1.norm1.emb.class_embedder.embedding_table.weight` differs from "
          + "`transformer_blocks.0.norm1.emb.class_embedder.embedding_table.weight`"))
    #expect(problem.help?.contains("embedders: per_block") == true)
  }

  @Test func `equal copies fill per-block embedders too`() throws {
    var shape = DiTShape.tinyShared
    shape.perBlock = true
    let source = try ParameterSource.open(
      shape.parameters, weights: "\(fixtures)/dit-tiny-shared", layout: "diffusers")
    #expect(source.contains("blocks.2.conditioning.label.weight"))
  }

  @Test func `listed tensors may be left over`() throws {
    let folder = try TemporaryFolder()
    let path = try rewritten("dit-tiny-shared", in: folder) { views in
      views.map { TensorContent($0) } + [
        TensorContent("pos_embed.pos_embed", Tensor([1], [0])),
        TensorContent("text.position_ids", Tensor(ids: [2], [0, 1])),
      ]
    }
    _ = try ParameterSource.open(
      DiTShape.tinyShared.parameters, weights: path, layout: "diffusers")
  }

  @Test func `a mismatch is one short report grouped by cause`() throws {
    let folder = try TemporaryFolder()
    let path = try rewritten("dit-tiny-shared", in: folder) { views in
      views.compactMap { view in
        switch view.name {
        case _ where view.name.contains("attn1.to_q"): nil
        case "proj_out_2.bias":
          TensorContent(view.name, Tensor([70], .init(repeating: 0, count: 70)))
        case "proj_out_1.bias":
          TensorContent(
            view.name, Tensor(TensorType(.i8, Shape(view.dimensions)), view.tensor.values))
        default: TensorContent(view)
        }
      } + (0..<500).map { TensorContent("extra.\($0)", Tensor([1], [0])) }
    }
    let problem = try problem(DiTShape.tinyShared.parameters, path)
    #expect(problem.rule.id == "weights.fit")
    #expect(problem.message.count < 900)
    for text in [
      "6 tensors missing: `transformer_blocks.0.attn1.to_q.weight`, ", "and 3 more",
      "500 tensors that no parameter needs: `extra.0`, ", "and 497 more",
      "1 tensor of the wrong shape: `proj_out_2.bias`, the first is [70], the model needs [72]",
      "1 tensor not floating-point: `proj_out_1.bias`, the first is I8",
    ] {
      #expect(problem.message.contains(text), "\(problem.message)")
    }
  }

  @Test func `merged axes must keep their order`() throws {
    let folder = try TemporaryFolder()
    let path = try rewritten("dit-tiny-shared", in: folder) { views in
      views.map { view in
        view.name == "pos_embed.proj.weight"
          ? TensorContent(view.name, Tensor([4, 12, 3, 3], view.tensor.values))
          : TensorContent(view)
      }
    }
    let problem = try problem(DiTShape.tinyShared.parameters, path)
    #expect(problem.message.contains("the first is [4,12,3,3], the model needs [12,36]"))
  }

  @Test func `another layout is recognised`() throws {
    let path = "\(fixtures)/dit-tiny-shared/diffusion_pytorch_model.safetensors"
    let problem = try problem(DiTShape.tinyShared.parameters, path, layout: "ditharos")
    #expect(problem.help?.contains("those of layout `diffusers`") == true)
  }

  @Test(arguments: ["model.", "module."])
  func `a common prefix is recognised`(_ prefix: String) throws {
    let folder = try TemporaryFolder()
    let path = try rewritten("dit-tiny-shared", in: folder) { views in
      views.map { TensorContent($0, name: prefix + $0.name) }
    }
    let problem = try problem(DiTShape.tinyShared.parameters, path)
    #expect(problem.help?.contains("every name starts with `\(prefix)`") == true)
  }

  @Test func `another depth is recognised`() throws {
    var shape = DiTShape.tinyShared
    shape.depth = 2
    let problem = try problem(shape.parameters, "\(fixtures)/dit-tiny-shared")
    #expect(problem.help == "the file has 3 blocks, the model 2: check `depth` in the spec")
  }

  @Test func `a parameter outside a layout is named`() throws {
    let wanted =
      DiTShape.tinyShared.parameters + [
        WantedParameter(name: "conditioning.prompt.weight", dimensions: [2, 2])
      ]
    let problem = try problem(wanted, "\(fixtures)/dit-tiny-shared")
    #expect(
      problem.message.contains(
        "1 parameter that layout `diffusers` has no tensor for: `conditioning.prompt.weight`"))
  }

  @Test func `an unknown layout lists the known ones`() throws {
    let problem = try problem([], "\(fixtures)/dit-tiny-shared", layout: "diffuser")
    #expect(problem.rule.id == "weights.layout")
    #expect(problem.help == "the layouts are `ditharos`, `diffusers`, `original`")
    #expect(weightLayoutNames == ["ditharos", "diffusers", "original"])
  }
}
