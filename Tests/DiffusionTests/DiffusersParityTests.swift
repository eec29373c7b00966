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

  static let tinyWide = """
    ditharos: 1
    name: tiny-wide
    preset: dit-diffusers
    latent: {channels: 5, height: 12, width: 12}
    patch_size: 3
    latent_dim: 28
    depth: 2
    heads: 4
    conditioning: {label: {classes: 3}}
    feed_forward: {activation: gelu}
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
    Case(folder: "dit-tiny-wide", spec: tinyWide),
    Case(
      folder: "dit-tiny-wide", spec: tinyWide, inputs: "inputs-wider", expected: "expected-wider"),
    Case(
      folder: "dit-tiny-wide", spec: tinyWide, inputs: "inputs-higher",
      expected: "expected-higher"),
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
    #expect(relativeError(result.value, expected) <= 1e-5)
  }

  @Test(arguments: ["dit-tiny-a", "dit-tiny-shared", "dit-tiny-wide"])
  func `an imported folder is the model that diffusers saved`(_ name: String) throws {
    let folder = Self.fixtures.appendingPathComponent(name)
    let imported = try importModel(folder.path, specFolder: Self.fixtures.path)
    let loaded = try loadSpec(text: imported.text, file: "spec.yaml", folder: nil)
    let result = try Evaluation(loaded, options: CompileOptions()).run(
      entry: nil, inputs: tensors(folder, "inputs")
    ) { spec throws(DiagnosticsError) in
      try Engine(parameters: try spec.openParameters(nil, folder: Self.fixtures.path), threads: 2)
    }
    let expected = try #require(try tensors(folder, "expected")["prediction"])
    #expect(relativeError(result.value, expected) <= 1e-5)
  }

  private func relativeError(_ found: Tensor, _ expected: Tensor) -> Float {
    guard found.shape == expected.shape else { return .infinity }
    let largest = expected.values.map(abs).max() ?? 1
    return (zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity) / largest
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
