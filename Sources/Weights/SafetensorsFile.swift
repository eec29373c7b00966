import Diagnostics
import Tensors

/// A safetensors file, mapped read-only; its header is checked, its elements are read on use.
package struct SafetensorsFile: Sendable {
  /// The path as the user named it.
  package let path: String
  /// The tensors in the order of their bytes.
  package let tensors: [TensorView]
  /// The string map of the header, in the order of the file.
  package let metadata: [(key: String, value: String)]
  private let positions: [String: Int]

  /// Opens a file and checks its header.
  ///
  /// - Throws: `weights.file` when it cannot be opened; `weights.safetensors` when it is
  ///   malformed, truncated, or has bytes that belong to no tensor.
  package init(path: String) throws(DiagnosticsError) {
    let file = try MappedFile(path: path)
    let header: SafetensorsHeader
    let dataStart: Int
    do throws(HeaderError) {
      let headerByteCount = try Self.headerByteCount(of: file)
      dataStart = 8 + headerByteCount
      header = try file.withBytes(8..<dataStart) { (text) throws(HeaderError) in
        try SafetensorsHeader(text, dataByteCount: file.byteCount - dataStart)
      }
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.safetensors, "`\(path)` is not a valid safetensors file: \(error.message)",
          help: Self.recognizedKind(of: file)))
    }
    self.path = path
    metadata = header.metadata
    tensors = header.entries.map { entry in
      TensorView(
        name: entry.name, dtype: entry.dtype, dimensions: entry.dimensions, file: file,
        range: dataStart + entry.bytes.lowerBound..<dataStart + entry.bytes.upperBound)
    }
    positions = Dictionary(
      uniqueKeysWithValues: header.entries.enumerated().map { ($0.element.name, $0.offset) })
  }

  /// The tensor of a name, or nil.
  package subscript(name: String) -> TensorView? { positions[name].map { tensors[$0] } }

  private static func headerByteCount(of file: MappedFile) throws(HeaderError) -> Int {
    guard file.byteCount >= 8 else {
      throw HeaderError(
        "it has \(counted(file.byteCount, "byte")), fewer than the 8 of a header's length")
    }
    let length = file.withBytes(0..<8) {
      UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
    }
    guard length <= SafetensorsHeader.maximumByteCount else {
      throw HeaderError(
        "its header would be \(length) bytes long, above the limit of "
          + "\(SafetensorsHeader.maximumByteCount)")
    }
    guard length <= file.byteCount - 8 else {
      throw HeaderError(
        "its header would be \(length) bytes long, but only \(file.byteCount - 8) follow: "
          + "the file is truncated")
    }
    return Int(length)
  }

  /// What a file that is not safetensors probably is, and what to do about it.
  private static func recognizedKind(of file: MappedFile) -> String? {
    let start = file.withBytes(0..<min(file.byteCount, 24)) { [UInt8]($0) }
    if start.starts(with: "version https://git-lfs".utf8) {
      return "this is a Git LFS pointer; fetch the file itself with 'git lfs pull'"
    }
    if start.starts(with: [0x50, 0x4b, 3, 4]) || start.starts(with: [0x80, 2]) {
      return pickleConversion(path: file.path)
    }
    if start.starts(with: "GGUF".utf8) { return "GGUF files are not supported" }
    if start.first == UInt8(ascii: "<") { return "this looks like a web page, not like weights" }
    return nil
  }
}

/// How to turn a pickle checkpoint into a safetensors file.
///
/// Training checkpoints hold the averaged weights under `ema`, others the weights under `model` or
/// `state_dict`.
func pickleConversion(path: String) -> String {
  """
  convert it in Python, where you trust the file:
  import torch, safetensors.torch
  w = torch.load('\(path)', map_location='cpu', weights_only=True)
  w = next((w[k] for k in ('ema', 'state_dict', 'model') if k in w), w)
  safetensors.torch.save_file({k: v.contiguous() for k, v in w.items()}, 'model.safetensors')
  """
}
