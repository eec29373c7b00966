import Compiler
import Diagnostics
import Diffusion
import ModelSpec
import Tensors
import Testing
import Transforms

/// The noisy latent that the final layer adds to the prediction.
@Suite struct SkipTests {
  private static let spec = """
    ditharos: 1
    name: skip
    latent: {channels: 3, height: 4, width: 6}
    patch_size: 2
    latent_dim: 8
    depth: 1
    heads: 2
    conditioning: {label: {classes: 4, dropout: 0.1}, modulation: adaln_zero}
    """

  private func prediction(
    _ spec: String, _ latent: Tensor, _ passes: [Pass]
  ) throws -> Tensor {
    var options = CompileOptions()
    options.passes = passes
    options.isVerifying = true
    let inputs = [
      "latent": latent, "timestep": Tensor([2], [3, 700]), "label": Tensor([2], [1, 4]),
    ]
    let loaded = try loadSpec(text: spec, file: "skip.yaml", folder: nil)
    return try Evaluation(loaded, options: options).run(entry: nil, inputs: inputs) {
      spec throws(DiagnosticsError) in
      try Engine(parameters: try spec.openParameters("random:3", folder: "."), threads: 1)
    }.value
  }

  @Test(arguments: [false, true])
  func `every place of a patch is added times its own factor`(isFused: Bool) throws {
    let (rows, columns, channels) = (4, 6, 3)
    let latent = Tensor(
      [2, channels, rows, columns],
      (0..<(2 * channels * rows * columns)).map { Float(($0 * 7919) % 101) / 50 - 1 })
    // Written row by row of a patch, the channels of a place together.
    let factors = (0..<12).map { Float($0) / 8 - 0.5 }
    let zeros = "[" + Array(repeating: "0", count: 8).joined(separator: ", ") + "]"
    let skipping =
      Self.spec + """

        final_layer: {skip: true}
        parameters:
          final_layer.skip.weight: [\(Array(repeating: zeros, count: 12).joined(separator: ", "))]
          final_layer.skip.bias: \(factors)
        """
    let passes = isFused ? PassPipeline.all : PassPipeline.none
    let with = try prediction(skipping, latent, passes)
    let without = try prediction(Self.spec, latent, passes)
    for index in latent.values.indices {
      let (row, column) = (index / columns % rows, index % columns)
      let channel = index / (rows * columns) % channels
      let place = (row % 2 * 2 + column % 2) * channels + channel
      let expected = without.values[index] + factors[place] * latent.values[index]
      #expect(abs(with.values[index] - expected) < 1e-5)
    }
  }
}
