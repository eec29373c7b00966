import Diagnostics
import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A compiled model, mapped read-only: a spec, and its weights in the layouts of kernels.
///
/// Header, spec and index are checked when it is opened; the weights' bytes are read on use, and
/// compared with their checksums by `checkWeights` alone.
package struct CompiledFile: Sendable {
  /// The path as the user named it.
  package let path: String
  /// The canonical text of the spec.
  package let spec: String
  /// The precision that the weights were compiled for.
  package let precision: Precision
  /// The parameters that it holds, which are those that the spec does not.
  package let parameters: [WantedParameter]
  /// The weights in the order of their bytes.
  package let weights: [PackedWeight]

  private let file: MappedFile
  /// The bytes of each weight.
  private let ranges: [Range<Int>]
  private let numbers: [PackedWeight: Int]
  private let parts: [String: PackedPart]

  /// Whether a path is that of a compiled model, by its first bytes, or else by its name.
  package static func isCompiled(path: String) -> Bool {
    if path.lowercased().hasSuffix(".ditc") { return true }
    var status = stat()
    // What is read from a pipe is gone.
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let count = CompiledHeader.signature.count
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      initializedCount = max(0, read(descriptor, buffer.baseAddress, count))
    }
    return bytes == CompiledHeader.signature
  }

  /// Opens a file and checks its header, its index and that it is as long as they say.
  ///
  /// - Throws: `weights.file` when it cannot be opened; `ditc.format`, `ditc.version`.
  package init(path: String) throws(DiagnosticsError) {
    let file = try MappedFile(path: path)
    do throws(CompiledFileError) {
      let header = try file.withBytes(0..<min(file.byteCount, CompiledHeader.byteCount)) {
        (bytes) throws(CompiledFileError) in
        try CompiledHeader(bytes, fileByteCount: file.byteCount)
      }
      (spec, parameters, weights) = try file.withBytes(0..<header.dataStart) {
        (bytes) throws(CompiledFileError) in
        try Self.head(bytes, header)
      }
      precision = header.precision
      var start = header.dataStart
      ranges = weights.map { weight in
        defer { start += weight.byteCount }
        return start..<start + weight.byteCount
      }
    } catch {
      throw DiagnosticsError(
        Diagnostic(error.rule, "`\(path)` \(error.message)", help: error.help))
    }
    self.path = path
    self.file = file
    numbers = Dictionary(uniqueKeysWithValues: weights.enumerated().map { ($0.element, $0.offset) })
    parts = Self.parts(parameters, weights)
  }

  /// The checksum of the checksums of all weights.
  package var checksum: UInt64 {
    file.withBytes(file.byteCount - 8 * weights.count..<file.byteCount) { xxh64($0) }
  }

  /// Checks and reads what stands before the weights.
  private static func head(
    _ bytes: UnsafeRawBufferPointer, _ header: CompiledHeader
  ) throws(CompiledFileError) -> (String, [WantedParameter], [PackedWeight]) {
    let end = header.headByteCount
    let stored = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt64.self))
    guard xxh64(UnsafeRawBufferPointer(rebasing: bytes[..<end])) == stored else {
      throw CompiledFileError("is damaged: its index is not as it was written")
    }
    guard bytes[(end + 8)...].allSatisfy({ $0 == 0 }) else {
      throw CompiledFileError("has an index followed by numbers where zeros belong")
    }
    let (dataByteCount, overflow) = (header.fileByteCount - header.dataStart)
      .subtractingReportingOverflow(8 * header.weightCount)
    guard !overflow, dataByteCount >= 0 else {
      throw CompiledFileError("has no room for the checksums of its weights")
    }
    let specEnd = CompiledHeader.byteCount + header.specByteCount
    var reader = ByteReader(
      UnsafeRawBufferPointer(rebasing: bytes[CompiledHeader.byteCount..<specEnd]))
    let spec = try reader.text(byteCount: header.specByteCount)
    let index = try CompiledIndex(
      UnsafeRawBufferPointer(rebasing: bytes[specEnd..<end]), header, dataByteCount: dataByteCount)
    return (spec, index.parameters, index.weights)
  }

  /// A place of each parameter; one in full precision where there is one.
  private static func parts(
    _ parameters: [WantedParameter], _ weights: [PackedWeight]
  ) -> [String: PackedPart] {
    let counts = Dictionary(
      uniqueKeysWithValues: parameters.map { ($0.name, Shape($0.dimensions).elementCount) })
    var result: [String: PackedPart] = [:]
    func isRounded(_ weight: Int) -> Bool {
      if case .panels(_, _, .bf16) = weights[weight].layout { true } else { false }
    }
    for (number, weight) in weights.enumerated() {
      var first = 0
      for name in weight.parts {
        let count = counts[name] ?? 0
        if result[name].map({ isRounded($0.weight) && !isRounded(number) }) ?? true {
          result[name] = PackedPart(weight: number, firstElement: first, elementCount: count)
        }
        first += count
      }
    }
    return result
  }
}

extension CompiledFile {
  /// The size of the file.
  package var byteCount: Int { file.byteCount }

  /// The bytes of a weight, which are those of the mapped file; nil when the file has it not.
  ///
  /// The address is valid as long as a copy of this value lives, and aligned to 64 bytes.
  package func bytes(of weight: PackedWeight) -> UnsafeRawBufferPointer? {
    numbers[weight].map { file.pinnedBytes(ranges[$0]) }
  }

  /// Copies the elements of a parameter, row-major.
  ///
  /// - Precondition: The file holds the parameter, and `values` has as many elements.
  func fill(_ values: UnsafeMutableBufferPointer<Float>, with name: String) {
    guard let part = parts[name], part.elementCount == values.count else {
      preconditionFailure("no values for \(name)")
    }
    let range = ranges[part.weight]
    file.withBytes(range) {
      weights[part.weight].layout.unpack($0, from: part.firstElement, to: values)
    }
    file.release(range)
  }

  /// Asks the system to read the weights ahead, if they are not in its cache.
  package func readAhead() {
    if let first = ranges.first, let last = ranges.last {
      file.readAhead(first.lowerBound..<last.upperBound)
    }
  }

  /// Compares every weight with its checksum.
  ///
  /// - Throws: `ditc.damage` with the weights that differ.
  package func checkWeights() throws(DiagnosticsError) {
    let checksums = (ranges.last?.upperBound ?? file.byteCount)..<file.byteCount
    var damaged: [String] = []
    for (number, range) in ranges.enumerated() {
      let stored = file.withBytes(checksums) {
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8 * number, as: UInt64.self))
      }
      if file.withBytes(range, xxh64) != stored {
        damaged.append(weights[number].parts.joined(separator: "+"))
      }
      file.release(range)
    }
    if damaged.isEmpty { return }
    throw DiagnosticsError(
      Diagnostic(
        CompiledRules.damage,
        "`\(path)` is damaged: \(counted(damaged.count, "weight")) of \(weights.count) "
          + "\(damaged.count == 1 ? "is" : "are") not as written: \(abbreviated(damaged))",
        help: CompiledFileError("").help))
  }
}
