import Compiler
import Diagnostics
import Diffusion
import Foundation
import ModelSpec
import Tensors
import Testing
import Weights

/// Specs of autoencoders that diffusers saved, against the pictures and latents that it makes of them.
@Suite struct ImportedAutoencoderTests {
  private func tensors(_ path: String) throws -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: try SafetensorsFile(path: path).tensors.map { ($0.name, $0.tensor) })
  }

  @Test(arguments: ["autoencoder-kl", "autoencoder-kl-plain", "autoencoder-tiny"])
  func `an imported folder is the autoencoder that diffusers saved`(_ name: String) throws {
    let fixtures = DiffusersParityTests.fixtures.path
    let imported = try importModel("\(fixtures)/\(name)", specFolder: fixtures)
    #expect(imported.warnings.isEmpty)
    let loaded = try loadSpec(text: imported.text, file: "spec.yaml", folder: nil)
    let inputs = try tensors("\(fixtures)/\(name)/inputs.safetensors")
    for (entry, output) in [("encode", "latent"), ("decode", "image")] {
      let found = try Evaluation(loaded, options: CompileOptions()).run(
        entry: entry, inputs: inputs
      ) { spec throws(DiagnosticsError) in
        try Engine(parameters: try spec.openParameters(nil, folder: fixtures), threads: 2)
      }.value
      let expected = try #require(
        try tensors("\(fixtures)/\(name)/expected.safetensors")[output])
      #expect(found.shape == expected.shape)
      let largest = expected.values.map(abs).max() ?? 1
      let worst = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= 1e-5 * largest, "\(entry)")
    }
  }
}
