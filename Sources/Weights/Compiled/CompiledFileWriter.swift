import Diagnostics
import Tensors

/// Makes a compiled model from its first byte to its last: the head, the weights in their order, and
/// their checksums.
package struct CompiledFileWriter: Sendable {
  /// The size of the file.
  package let byteCount: Int
  /// The weights to be written, in their order.
  package let weights: [PackedWeight]

  /// Everything before the first weight.
  package let head: [UInt8]
  /// What follows the last weight.
  package private(set) var checksums: [UInt8] = []

  /// A writer of a file.
  ///
  /// - Parameters:
  ///   - spec: The canonical text.
  ///   - precision: What the weights are compiled for.
  ///   - parameters: The parameters that the weights hold, each at least once.
  ///   - weights: The weights; each once.
  /// - Throws: `ditc.spec` for a text above the limit.
  package init(
    spec: String, precision: Precision, parameters: [WantedParameter], weights: [PackedWeight]
  ) throws(DiagnosticsError) {
    let limit = CompiledHeader.maximumSpecByteCount
    guard spec.utf8.count <= limit else {
      throw DiagnosticsError(
        Diagnostic(
          CompiledRules.spec,
          "the canonical text of the spec has \(spec.utf8.count) bytes, more than \(limit)",
          help: "put the values of `parameters` into a weight file"))
    }
    let index = CompiledIndex(parameters: parameters, weights: weights).bytes
    precondition(index.count <= CompiledHeader.maximumIndexByteCount, "an index of a valid spec")
    var header = CompiledHeader(
      precision: precision, fileByteCount: 0, specByteCount: spec.utf8.count,
      indexByteCount: index.count, parameterCount: parameters.count, weightCount: weights.count)
    byteCount = weights.reduce(header.dataStart + 8 * weights.count) { $0 + $1.byteCount }
    header.fileByteCount = byteCount
    var head = header.bytes + spec.utf8 + index
    head.append(uint64: head.withUnsafeBytes(xxh64))
    self.head = head + [UInt8](repeating: 0, count: header.dataStart - head.count)
    self.weights = weights
  }

  /// Takes note of the bytes of the next weight, which follow those of the one before it.
  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    precondition(
      bytes.count == weights[checksums.count / 8].byteCount, "a weight of another size")
    checksums.append(uint64: xxh64(bytes))
  }
}
