import Diagnostics
import Foundation
import Tensors
import Testing
import Weights

/// Shards, pipeline folders, variants.
@Suite struct WeightFilesTests {
  private let folder: TemporaryFolder
  private let wanted = [
    WantedParameter(name: "a", dimensions: [2]), WantedParameter(name: "b", dimensions: [1, 2]),
  ]
  private let a = TensorContent("a", Tensor([2], [1, 2]))
  private let b = TensorContent("b", Tensor([1, 2], [3, 4]))
  private let indexName = "diffusion_pytorch_model.safetensors.index.json"

  init() throws { folder = try TemporaryFolder() }

  private func write(_ tensors: [TensorContent], _ name: String) throws {
    let path = URL(fileURLWithPath: folder.path + "/" + name)
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try SafetensorsWriter.write(tensors, to: path.path)
  }

  private func writeIndex(_ map: String, extra: String = "") throws {
    _ = try folder.write(Array("{\(extra)\"weight_map\": {\(map)}}".utf8), to: indexName)
  }

  private func problem(_ path: String? = nil) throws -> Diagnostic {
    let error = #expect(throws: DiagnosticsError.self) {
      try ParameterSource.open(wanted, weights: path ?? folder.path)
    }
    return try #require(error?.diagnostics.first)
  }

  private func values(_ name: String, _ path: String? = nil) throws -> [Float] {
    try ParameterSource.open(wanted, weights: path ?? folder.path)
      .withValues(of: name) { Array($0) }
  }

  @Test func `shards are read through their index`() throws {
    try write([a], "m-00001-of-00002.safetensors")
    try write([b], "m-00002-of-00002.safetensors")
    try writeIndex(
      #""a": "m-00001-of-00002.safetensors", "b": "m-00002-of-00002.safetensors""#,
      extra: #""metadata": {"total_size": 16}, "#)
    for path in [folder.path, folder.path + "/" + indexName] {
      #expect(try values("a", path) == [1, 2])
      #expect(try values("b", path) == [3, 4])
    }
  }

  @Test(arguments: ["../m.safetensors", "/m.safetensors", "x/m.safetensors", ".", "m.bin", "a\\b"])
  func `a shard outside the folder is refused at its place`(_ name: String) throws {
    try write([a, b], "m.safetensors")
    try writeIndex("\n\"a\": \"\(name.replacingOccurrences(of: "\\", with: "\\\\"))\"")
    let problem = try problem()
    #expect(problem.rule.id == "weights.index")
    #expect(problem.message.contains("no safetensors file in the folder of the index"))
    #expect(problem.primary?.start.line == 2)
  }

  @Test func `a missing shard is named`() throws {
    try write([a], "m-1.safetensors")
    try writeIndex(#""a": "m-1.safetensors", "b": "m-2.safetensors""#)
    #expect(try problem().message.contains("m-2.safetensors`: no such file"))
  }

  @Test func `a truncated shard is named`() throws {
    try write([a], "m-1.safetensors")
    try write([b], "m-2.safetensors")
    let path = folder.path + "/m-2.safetensors"
    _ = try folder.write(Array(try readBytes(path).dropLast()), to: "m-2.safetensors")
    try writeIndex(#""a": "m-1.safetensors", "b": "m-2.safetensors""#)
    let problem = try problem()
    #expect(problem.rule.id == "weights.safetensors")
    #expect(problem.message.contains("m-2.safetensors") && problem.message.contains("truncated"))
  }

  @Test func `an index that lies is one report`() throws {
    try write([a, b], "m-1.safetensors")
    try write([TensorContent("c", Tensor([1], [0]))], "m-2.safetensors")
    try writeIndex(#""a": "m-1.safetensors", "b": "m-2.safetensors""#)
    let problem = try problem()
    #expect(problem.rule.id == "weights.index")
    for text in [
      "1 tensor not in the file named for it: `b`, the first should be in `m-2.safetensors`",
      "2 tensors that the index does not place there: `b`, `c`",
    ] {
      #expect(problem.message.contains(text), "\(problem.message)")
    }
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"weight_map": {}}"#, #"{"weight_map": []}"#,
    #"{"weight_map": {"a": 1.5}}"#, #"{"weight_map": {"a": {"b": "c"}}}"#,
    #"{"weight_map": {"a": "x", "a": "x"}}"#, "{\"weight_map\"",
  ])
  func `a malformed index is refused`(_ text: String) throws {
    _ = try folder.write(Array(text.utf8), to: indexName)
    #expect(["weights.index", "json.syntax"].contains(try problem().rule.id))
  }

  @Test func `a variant is taken where nothing else is there`() throws {
    try write([a, b], "diffusion_pytorch_model.fp16.safetensors")
    #expect(try values("b") == [3, 4])
    try write([a, b], "diffusion_pytorch_model.bf16.safetensors")
    #expect(try problem().message.contains("has 2 weight files"))
    let other = TensorContent("b", Tensor([1, 2], [5, 6]))
    try write([a, other], "diffusion_pytorch_model.safetensors")
    #expect(try values("b") == [5, 6])
  }

  @Test func `shards of a variant are read through its index`() throws {
    try write([a], "diffusion_pytorch_model.fp16-00001-of-00002.safetensors")
    try write([b], "diffusion_pytorch_model.fp16-00002-of-00002.safetensors")
    let map = #"""
      {"weight_map": {"a": "diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
      "b": "diffusion_pytorch_model.fp16-00002-of-00002.safetensors"}}
      """#
    _ = try folder.write(
      Array(map.utf8), to: "diffusion_pytorch_model.safetensors.index.fp16.json")
    #expect(try values("b") == [3, 4])
  }

  @Test func `a single file of any name stands for its folder`() throws {
    try write([a, b], "weights.safetensors")
    #expect(try values("a") == [1, 2])
    try write([a, b], "others.safetensors")
    #expect(try problem().help == "name one of them")
  }

  @Test func `a folder with a pickle alone is refused with the way to convert it`() throws {
    _ = try folder.write([1], to: "diffusion_pytorch_model.bin")
    let problem = try problem()
    #expect(problem.message.contains("pickle"))
    #expect(problem.help?.contains("diffusion_pytorch_model.bin") == true)
  }

  @Test func `a pipeline is read by its components`() throws {
    let fixture = "\(fixtures)/dit-tiny-shared/diffusion_pytorch_model.safetensors"
    let file = try SafetensorsFile(path: fixture)
    _ = try folder.write(Array("{}".utf8), to: "model_index.json")
    try write(
      file.tensors.map { TensorContent($0) }, "transformer/diffusion_pytorch_model.safetensors")
    // A component that the model has no parameters in is not opened.
    try FileManager.default.createDirectory(
      atPath: folder.path + "/vae", withIntermediateDirectories: true)
    _ = try folder.write([0], to: "vae/diffusion_pytorch_model.safetensors")
    let source = try ParameterSource.open(
      DiTShape.tinyShared.parameters, weights: folder.path, layout: "diffusers")
    #expect(source.contains("blocks.2.conditioning.label.weight") == false)
    #expect(source.contains("final_layer.bias"))
  }

  @Test func `half a pipeline is refused by the name of what is missing`() throws {
    _ = try folder.write(Array("{}".utf8), to: "model_index.json")
    let error = #expect(throws: DiagnosticsError.self) {
      try ParameterSource.open(
        DiTShape.tinyShared.parameters, weights: folder.path, layout: "diffusers")
    }
    #expect(error?.diagnostics.first?.message.contains("has no folder `transformer`") == true)
  }

  @Test(arguments: [
    (["single_transformer_blocks.0.norm.linear.weight", "context_embedder.weight"], "FLUX"),
    (["transformer_blocks.0.attn2.to_q.weight", "adaln_single.linear.weight"], "PixArt"),
    (["encoder.down_blocks.0.x", "decoder.up_blocks.0.x"], "an AutoencoderKL"),
  ])
  func `another family is recognised`(_ names: [String], _ family: String) throws {
    try write(names.map { TensorContent($0, Tensor([1], [0])) }, "x.safetensors")
    let problem = try problem()
    #expect(problem.help == "the tensors are those of \(family)")
  }

  @Test func `quantized weights are refused as such`() throws {
    let header = #"{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"#
    _ = try folder.write(safetensors(header, dataByteCount: 2))
    #expect(try problem().message.contains("quantized weights cannot be loaded"))
  }
}
