import Compiler
import Diagnostics
import Diffusion
import Foundation
import ModelSpec
import Tensors
import Testing
import Transforms
import Weights

/// Whole denoisers against diffusers' `DiTTransformer2DModel`, and against an independent
/// double-precision DiT of the original's numerics; both made by `Benchmarks/fixtures`.
@Suite struct DiffusersParityTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var folder: String
    var spec: String
    var inputs = "inputs"
    var expected = "expected"
    var tensor = "prediction"
    var testDescription: String { "\(folder)/\(expected).\(tensor)" }
  }

  static let tinyA = """
    ditharos: 1
    name: tiny-a
    latent: {channels: 3, height: 10, width: 10}
    patch_size: 2
    latent_dim: 20
    depth: 2
    heads: 4
    conditioning:
      label: {classes: 7, dropout: 0.1}
      timestep: {frequency_shift: 1}
      embedders: per_block
      modulation: adaln_zero
    feed_forward: {norm: {epsilon: 1e-5}}
    final_layer: {out_channels: 5}
    diffusion: {variance: none}
    weights: {layout: diffusers}
    """

  static let tinyShared = """
    ditharos: 1
    name: tiny-shared
    latent: {channels: 4, height: 12, width: 12}
    patch_size: 3
    latent_dim: 12
    depth: 3
    heads: 2
    conditioning:
      label: {classes: 5, dropout: 0.1}
      timestep: {frequency_shift: 1}
      modulation: adaln_zero
    feed_forward: {norm: {epsilon: 0.01}}
    diffusion: {variance: learned_range}
    weights: {layout: diffusers}
    """

  static let original = """
    ditharos: 1
    name: original
    latent: {channels: 3, height: 6, width: 10}
    patch_size: 2
    latent_dim: 12
    depth: 2
    heads: 2
    conditioning:
      label: {classes: 4, dropout: 0.1}
      modulation: adaln_zero
    diffusion: {variance: learned_range}
    weights: {layout: diffusers}
    """

  static let originalBase4 = original + "\nposition: {kind: sincos_2d, base_size: [4, 4]}\n"

  static let s2Block = """
    ditharos: 1
    name: s2-block
    preset: dit-diffusers
    latent: {channels: 4, height: 8, width: 8}
    patch_size: 2
    latent_dim: 384
    depth: 1
    heads: 6
    conditioning:
      label: {classes: 10, dropout: 0.1}
      modulation: adaln_zero
    diffusion: {variance: learned_range}
    weights: {layout: diffusers}
    """

  static let cases = [
    Case(folder: "dit-tiny-a", spec: tinyA),
    Case(
      folder: "dit-tiny-a", spec: tinyA, inputs: "inputs-resized", expected: "expected-resized"),
    Case(folder: "dit-tiny-shared", spec: tinyShared),
    Case(folder: "dit-original-numerics", spec: original),
    Case(
      folder: "dit-original-numerics", spec: originalBase4, tensor: "prediction_base_size_4"),
    Case(folder: "dit-s2-block", spec: s2Block),
  ]

  static let fixtures = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")

  @Test(arguments: cases, [false, true])
  func `the prediction is the reference's to 1e-5, unfused and fused`(
    _ item: Case, isFused: Bool
  ) throws {
    let folder = Self.fixtures.appendingPathComponent(item.folder)
    var weights = folder.appendingPathComponent("diffusion_pytorch_model.safetensors").path
    var scratch: URL?
    defer { scratch.map { try? FileManager.default.removeItem(at: $0) } }
    if !FileManager.default.fileExists(atPath: weights) {
      let file = FileManager.default.temporaryDirectory
        .appendingPathComponent("\(UUID().uuidString).safetensors")
      try writeFormulaWeights(folder.appendingPathComponent("tensors.json"), to: file.path)
      scratch = file
      weights = file.path
    }
    let inputs = try tensors(folder, item.inputs)
    let expected = try #require(try tensors(folder, item.expected)[item.tensor])

    let loaded = try loadSpec(text: item.spec, file: "spec.yaml", folder: ".")
    var options = CompileOptions()
    options.passes = isFused ? PassPipeline.all : PassPipeline.none
    options.isVerifying = true
    let result = try Evaluation(loaded, options: options).run(entry: nil, inputs: inputs) {
      spec throws(DiagnosticsError) in
      try Engine(parameters: try spec.openParameters(weights, folder: "."), threads: 2)
    }
    #expect(result.value.shape == expected.shape)
    let largest = expected.values.map(abs).max() ?? 1
    let worst = zip(result.value.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst / largest <= 1e-5)
  }

  private func tensors(_ folder: URL, _ name: String) throws -> [String: Tensor] {
    let file = try SafetensorsFile(
      path: folder.appendingPathComponent("\(name).safetensors").path)
    return Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.tensor) })
  }

  private struct FormulaTensor: Decodable {
    var shape: [Int]
    var scale: Float
    var first: [Float]
  }

  /// Weights by the formula of the fixtures' documentation: every value is exact in 24 bits.
  private func writeFormulaWeights(_ list: URL, to path: String) throws {
    let tensors = try JSONDecoder().decode(
      [String: FormulaTensor].self, from: Data(contentsOf: list))
    var contents: [TensorContent] = []
    for name in tensors.keys.sorted() {
      let tensor = try #require(tensors[name])
      let seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      }
      let values = (0..<tensor.shape.reduce(1, *)).map { index -> Float in
        var z = seed &+ UInt64(index + 1) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        z ^= z >> 31
        return Float(Int(z >> 40) - (1 << 23)) / Float(1 << 23) * tensor.scale
      }
      #expect(Array(values.prefix(tensor.first.count)) == tensor.first, "\(name)")
      contents.append(TensorContent(name, Tensor(tensor.shape, values)))
    }
    try Data(SafetensorsWriter.encode(contents)).write(to: URL(fileURLWithPath: path))
  }
}
