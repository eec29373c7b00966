import Diagnostics
import Lowering
import Media
import ModelSpec
import Tensors
import Weights

/// The latents of a data folder as a frozen encoder made them, kept in a file.
struct LatentCache {
  /// The path of the file.
  let path: String
  /// What the latents depend on: the encoder, its weights, and the files with sizes and dates.
  let key: String

  private static let keyName = "ditharos.key"

  /// A cache of the samples of a folder.
  init(path: String, spec: ModelSpec, source: ParameterSource, data: DataFolder) {
    self.path = path
    var bytes: [UInt8] = []
    bytes += Array(
      expand(ModelSpec(name: "", pixels: spec.pixels, autoencoder: spec.autoencoder)).utf8)
    for declaration in spec.parameterDeclarations
    where declaration.name.hasPrefix("autoencoder.encoder") && source.contains(declaration.name) {
      bytes += Array(declaration.name.utf8)
      var digest = source.withValues(of: declaration.name) { xxh64(UnsafeRawBufferPointer($0)) }
      withUnsafeBytes(of: &digest) { bytes += $0 }
    }
    bytes += Array(data.path.utf8)
    for item in data.items {
      bytes += Array("\0\(item.path)\0\(item.byteCount)\0\(item.modified)".utf8)
    }
    key = String(bytes.withUnsafeBytes { xxh64($0) }, radix: 16)
  }

  /// The latents that the file holds, with the places of their samples; nil where it holds others.
  func read(dimensions: [Int]) -> (latents: [Float], kept: [Int])? {
    guard let file = try? SafetensorsFile(path: path),
      file.metadata.contains(where: { $0.key == Self.keyName && $0.value == key }),
      let latents = file["latents"], let kept = file["samples"],
      latents.dimensions.count == dimensions.count + 1,
      Array(latents.dimensions.dropFirst()) == dimensions,
      kept.dimensions == [latents.dimensions[0]]
    else { return nil }
    return (latents.withFloats { Array($0) }, kept.tensor.values.map { Int($0) })
  }

  /// Writes the file.
  ///
  /// - Throws: `MediaError` where it cannot be written.
  func write(_ latents: Tensor, kept: [Int]) throws(MediaError) {
    try writeAtomically(
      path: path,
      bytes: SafetensorsWriter.encode(
        [
          TensorContent("latents", latents),
          TensorContent("samples", Tensor(TensorType(.i32, [kept.count]), kept.map(Float.init))),
        ], metadata: [(key: Self.keyName, value: key)]))
  }
}
