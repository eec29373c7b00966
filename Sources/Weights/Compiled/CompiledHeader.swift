import Documents
import Tensors

/// The first 64 bytes of a compiled model.
struct CompiledHeader: Sendable {
  /// What the weights were compiled for.
  var precision: Precision
  /// The bytes of the whole file.
  var fileByteCount: Int
  /// The bytes of the spec's text, which follows the header.
  var specByteCount: Int
  /// The bytes of the index, which follows the spec.
  var indexByteCount: Int
  /// The parameters in the index.
  var parameterCount: Int
  /// The weights in the index.
  var weightCount: Int

  /// What a file begins with: not text, and changed by a copy that translates line ends.
  static let signature: [UInt8] = [0x89] + "DITC".utf8 + [0x0d, 0x0a, 0x1a]
  /// The version of the format.
  static let version = 1
  /// The bytes of a header.
  static let byteCount = 64
  /// The most bytes of a spec.
  static let maximumSpecByteCount = DocumentLimits.spec.byteCount
  /// The most bytes of an index.
  static let maximumIndexByteCount = 64 << 20
  /// What the weights begin on a multiple of.
  static let pageByteCount = 4096

  /// The bytes that the first checksum covers: header, spec and index.
  var headByteCount: Int { Self.byteCount + specByteCount + indexByteCount }

  /// Where the first weight begins.
  var dataStart: Int {
    (headByteCount + 8 + Self.pageByteCount - 1) / Self.pageByteCount * Self.pageByteCount
  }
}

extension CompiledHeader {
  /// Reads a header.
  ///
  /// - Parameters:
  ///   - bytes: The beginning of the file: 64 bytes, fewer where it has not that many.
  ///   - fileByteCount: The size of the file.
  init(_ bytes: UnsafeRawBufferPointer, fileByteCount: Int) throws(CompiledFileError) {
    let known = bytes.prefix(Self.signature.count)
    guard known.elementsEqual(Self.signature) else {
      guard !known.isEmpty, Self.signature.starts(with: known) else {
        throw CompiledFileError(
          CompiledRules.format, "is no compiled model", help: Self.help(forKindOf: bytes))
      }
      throw Self.truncated(fileByteCount)
    }
    guard bytes.count >= Self.byteCount else { throw Self.truncated(fileByteCount) }
    var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Self.signature.count...]))
    let version = try reader.uint32()
    guard version == Self.version else {
      throw CompiledFileError(
        CompiledRules.version,
        "is in version \(version) of the format; this program reads version \(Self.version)",
        help: "compile the model again with this program"
          + (version > Self.version ? ", or use the program that made it" : ""))
    }
    let code = try reader.uint32()
    guard let precision = Precision(code: code) else {
      throw CompiledFileError("has a header with the unknown precision \(code)")
    }
    self.precision = precision
    self.fileByteCount = try reader.uint64()
    specByteCount = try reader.uint32()
    indexByteCount = try reader.uint32()
    parameterCount = try reader.uint32()
    weightCount = try reader.uint32()
    guard bytes[40..<Self.byteCount].allSatisfy({ $0 == 0 }) else {
      throw CompiledFileError("has a header with numbers where zeros belong")
    }
    try check(fileByteCount)
  }

  private func check(_ actual: Int) throws(CompiledFileError) {
    guard actual >= fileByteCount else {
      throw CompiledFileError("is cut short: it has \(actual) of \(fileByteCount) bytes")
    }
    guard actual == fileByteCount else {
      throw CompiledFileError("has \(actual) bytes, more than the \(fileByteCount) of its header")
    }
    guard specByteCount <= Self.maximumSpecByteCount else {
      throw CompiledFileError(
        "has a spec of \(specByteCount) bytes, above the limit of \(Self.maximumSpecByteCount)")
    }
    guard indexByteCount <= Self.maximumIndexByteCount else {
      throw CompiledFileError(
        "has an index of \(indexByteCount) bytes, above the limit of "
          + "\(Self.maximumIndexByteCount)")
    }
    guard dataStart <= fileByteCount else {
      throw CompiledFileError("has no room for the spec and the index that its header states")
    }
  }

  private static func truncated(_ byteCount: Int) -> CompiledFileError {
    CompiledFileError(
      "is cut short: it has \(counted(byteCount, "byte")), fewer than the \(Self.byteCount) "
        + "of a header")
  }

  /// What to do about a file that is something else.
  private static func help(forKindOf bytes: UnsafeRawBufferPointer) -> String {
    if bytes.starts(with: "version https://git-lfs".utf8) {
      return "this is a Git LFS pointer; fetch the file itself with 'git lfs pull'"
    }
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{") {
      return "this looks like a safetensors file: give it the name .safetensors"
    }
    return CompiledFileError("").help
  }

  /// The header's bytes.
  var bytes: [UInt8] {
    var bytes = Self.signature
    bytes.append(uint32: Self.version)
    bytes.append(uint32: precision.code)
    bytes.append(uint64: UInt64(fileByteCount))
    for count in [specByteCount, indexByteCount, parameterCount, weightCount] {
      bytes.append(uint32: count)
    }
    return bytes + [UInt8](repeating: 0, count: Self.byteCount - bytes.count)
  }
}

extension Precision {
  /// The number that stands for it in a file.
  fileprivate var code: Int {
    switch self {
    case .f32: 0
    case .bf16: 1
    }
  }

  fileprivate init?(code: Int) {
    guard let precision = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = precision
  }
}
