import Diagnostics
import Tensors
import Testing
import Weights

/// What a layout may do with tensors on the way to a parameter.
@Suite struct LayoutOperationTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write(
      [
        TensorContent("abc", Tensor([6, 2], (0..<12).map(Float.init))),
        TensorContent("d", Tensor(TensorType(.bf16, [2, 2]), [20, 21, 22, 23])),
      ], to: path)
  }

  private func open(
    _ layout: String, _ wanted: [(String, [Int])]
  ) throws(DiagnosticsError) -> ParameterSource {
    try ParameterSource.open(
      wanted.map { WantedParameter(name: $0.0, dimensions: $0.1) }, weights: path,
      layout: WeightLayout(yaml: "layout: test\nsummary: a test\ntensors:\n" + layout))
  }

  private func values(_ source: ParameterSource, _ name: String) -> [Float] {
    source.withValues(of: name) { Array($0) }
  }

  @Test func `a tensor is split into parts of its first axis`() throws {
    let source = try open(
      "  q: {from: abc, part: 1 of 3}\n  k: {from: abc, part: 2 of 3}\n"
        + "  v: {from: abc, part: 3 of 3}\n  d: d\n",
      [("q", [2, 2]), ("k", [2, 2]), ("v", [2, 2]), ("d", [2, 2])])
    #expect(values(source, "q") == [0, 1, 2, 3])
    #expect(values(source, "k") == [4, 5, 6, 7])
    #expect(values(source, "v") == [8, 9, 10, 11])
  }

  @Test func `a part that no parameter takes leaves its tensor over`() throws {
    let error = #expect(throws: DiagnosticsError.self) {
      try open(
        "  q: {from: abc, part: 1 of 3}\n  k: {from: abc, part: 2 of 3}\n  d: d\n",
        [("q", [2, 2]), ("k", [2, 2]), ("d", [2, 2])])
    }
    #expect(
      error?.diagnostics.first?.message.contains("1 tensor that no parameter needs: `abc`") == true)
  }

  @Test func `a first axis that cannot be divided is a wrong shape`() throws {
    let error = #expect(throws: DiagnosticsError.self) {
      try open(
        "  q: {from: abc, part: 1 of 4}\n  r: {from: abc, part: 2 of 4}\n  d: d\n",
        [("q", [2, 2]), ("r", [2, 2]), ("d", [2, 2])])
    }
    #expect(error?.diagnostics.first?.message.contains("the first is [6,2]") == true)
  }

  @Test func `tensors of different types are joined`() throws {
    let source = try open("  all: {from: [d, abc]}\n", [("all", [8, 2])])
    #expect(values(source, "all") == [20, 21, 22, 23] + (0..<12).map(Float.init))
  }

  @Test func `a missing piece of a joined parameter is named`() throws {
    let error = #expect(throws: DiagnosticsError.self) {
      try open("  all: {from: [d, e, abc]}\n", [("all", [8, 2])])
    }
    #expect(error?.diagnostics.first?.message.contains("1 tensor missing: `e`") == true)
  }

  @Test func `the halves of an axis change places`() throws {
    let source = try open(
      "  a: {from: abc, swap: halves}\n  d: d\n", [("a", [6, 2]), ("d", [2, 2])])
    #expect(values(source, "a") == [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5])
  }

  @Test func `a matrix is transposed`() throws {
    let source = try open(
      "  a: {from: abc, reshape: transpose}\n  d: {from: d, reshape: transpose}\n",
      [("a", [2, 6]), ("d", [2, 2])])
    #expect(values(source, "a") == [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11])
    #expect(values(source, "d") == [20, 22, 21, 23])
  }

  @Test func `a checkpoint of the original implementation fills every parameter`() throws {
    let shape = DiTShape.original
    let diffusers = try SafetensorsFile(
      path: "\(fixtures)/dit-original-numerics/diffusion_pytorch_model.safetensors")
    let target = folder.path + "/original.safetensors"
    try SafetensorsWriter.write(originalTensors(of: diffusers, shape), to: target)
    let expected = try ParameterSource.open(
      shape.parameters, weights: diffusers.path, layout: "diffusers")
    let source = try ParameterSource.open(shape.parameters, weights: target, layout: "original")
    for parameter in shape.parameters {
      #expect(values(source, parameter.name) == values(expected, parameter.name), "\(parameter)")
    }
  }

  /// The tensors of a DiT by the names and in the pieces of the original implementation.
  private func originalTensors(
    of file: SafetensorsFile, _ shape: DiTShape
  ) throws -> [TensorContent] {
    func tensor(_ name: String) throws -> Tensor { try #require(file[name]).tensor }
    var result = [TensorContent("pos_embed", Tensor([1, 1, 1], [0]))]
    func copy(_ name: String, from source: String) throws {
      for kind in ["weight", "bias"] {
        result.append(TensorContent("\(name).\(kind)", try tensor("\(source).\(kind)")))
      }
    }
    let embedders = "transformer_blocks.0.norm1.emb."
    try copy("x_embedder.proj", from: "pos_embed.proj")
    try copy("t_embedder.mlp.0", from: embedders + "timestep_embedder.linear_1")
    try copy("t_embedder.mlp.2", from: embedders + "timestep_embedder.linear_2")
    result.append(
      TensorContent(
        "y_embedder.embedding_table.weight",
        try tensor(embedders + "class_embedder.embedding_table.weight")))
    for block in 0..<shape.depth {
      let (ours, theirs) = ("blocks.\(block).", "transformer_blocks.\(block).")
      try copy(ours + "adaLN_modulation.1", from: theirs + "norm1.linear")
      try copy(ours + "attn.proj", from: theirs + "attn1.to_out.0")
      try copy(ours + "mlp.fc1", from: theirs + "ff.net.0.proj")
      try copy(ours + "mlp.fc2", from: theirs + "ff.net.2")
      for (kind, rest) in [("weight", [shape.width]), ("bias", [])] {
        let parts = try ["to_q", "to_k", "to_v"].map {
          try tensor("\(theirs)attn1.\($0).\(kind)").values
        }
        result.append(
          TensorContent(
            ours + "attn.qkv." + kind, Tensor([3 * shape.width] + rest, Array(parts.joined()))))
      }
    }
    try copy("final_layer.adaLN_modulation.1", from: "proj_out_1")
    try copy("final_layer.linear", from: "proj_out_2")
    return result
  }
}
