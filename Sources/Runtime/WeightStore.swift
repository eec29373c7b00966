import GraphIR
import Kernels
import Planning
import Tensors
import Weights

/// The weights of all programs, each laid out once as the plan says.
///
/// Weights that a compiled model holds in their layout are read where the file is mapped. The
/// parameters of all others are read one part at a time, so that no more than one part is in memory
/// twice.
package final class WeightStore {
  private let parameters: ParameterSource
  private var blocks: [StoredWeight: MemoryBlock] = [:]
  /// The weights that lie in a mapped file, whose owner is `parameters`.
  private var mapped: [StoredWeight: UnsafeRawPointer] = [:]

  /// A store that reads parameters from a source when a program needs them.
  package init(_ parameters: ParameterSource) { self.parameters = parameters }

  /// The bytes of the weights.
  package var byteCount: Int { mappedByteCount + blocks.keys.reduce(0) { $0 + $1.byteCount } }

  /// The bytes of the weights that lie in a mapped file.
  package var mappedByteCount: Int { mapped.keys.reduce(0) { $0 + $1.byteCount } }

  /// Reads and lays out the weights that are not there yet.
  ///
  /// - Throws: `RuntimeError` when a parameter has no value, or another number of elements than the
  ///   graph says.
  package func add(_ weights: [StoredWeight], pool: ThreadPool) throws {
    for weight in weights where blocks[weight] == nil && mapped[weight] == nil {
      if let packed = weight.packed, let bytes = parameters.packedBytes(of: packed),
        let base = bytes.baseAddress
      {
        mapped[weight] = base
      } else {
        blocks[weight] = try block(of: weight, pool: pool)
      }
    }
  }

  /// Lends the bytes of a weight in its layout, which are not kept.
  ///
  /// - Throws: What `add` and `body` throw.
  package func withBytes(
    of weight: StoredWeight, pool: ThreadPool, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let block = try block(of: weight, pool: pool)
    try body(UnsafeRawBufferPointer(start: block.base, count: block.byteCount))
  }

  private func block(of weight: StoredWeight, pool: ThreadPool) throws -> MemoryBlock {
    let region = try MemoryBlock(byteCount: weight.byteCount, for: "weights", isZeroed: false)
    switch weight.layout {
    case .rows: try fill(region, rowsOf: weight, pool: pool)
    case .panels(let n, let k, let precision):
      var writer = try PanelWriter(region, k: k, precision, pool: pool)
      try forEachPart(of: weight, count: n * k, pool: pool) { try writer.append($0) }
      writer.finish()
    }
    return region
  }

  /// Where a weight is; not to be written.
  ///
  /// - Precondition: The weight was added.
  func address(of weight: StoredWeight) -> UnsafeMutableRawPointer {
    if let block = blocks[weight] { return block.base }
    guard let base = mapped[weight] else { preconditionFailure("a weight was not added") }
    return UnsafeMutableRawPointer(mutating: base)
  }

  private func fill(
    _ region: MemoryBlock, rowsOf weight: StoredWeight, pool: ThreadPool
  ) throws {
    if case .literal(.constant(let tensor)) = weight.source, tensor.type.dtype == .i32 {
      let ids = region.base.assumingMemoryBound(to: Int32.self)
      for (index, value) in tensor.values.enumerated() {
        guard let id = Int32(exactly: value) else {
          throw RuntimeError("the literal id \(value) is not an integer")
        }
        ids[index] = id
      }
      return
    }
    let floats = region.base.assumingMemoryBound(to: Float.self)
    var filled = 0
    // The rest of the last 64 bytes is part of a compiled model.
    for index in weight.source.elementCount..<region.byteCount / 4 { floats[index] = 0 }
    try forEachPart(of: weight, count: weight.source.elementCount, pool: pool) { part in
      if let base = part.baseAddress {
        (floats + filled).update(from: base, count: part.count)
        filled += part.count
      }
    }
  }

  /// Hands over the elements part by part; together they are `count`.
  private func forEachPart(
    of weight: StoredWeight, count: Int, pool: ThreadPool,
    _ body: (UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    switch weight.source {
    case .literal(.constant(let tensor)): try tensor.values.withUnsafeBufferPointer(body)
    case .literal(.table(let table)): try table.values.map(Float.init).withUnsafeBufferPointer(body)
    case .literal: preconditionFailure("a literal is a constant or a table")
    case .parameter(let parts, let shape):
      var seen = 0
      for (index, name) in parts.enumerated() {
        guard parameters.contains(name) else {
          throw RuntimeError("the parameter \(name) has no value")
        }
        try parameters.withValues(of: name, divide: pool.divide) { part in
          let isLast = index == parts.count - 1
          guard part.count <= count - seen, !isLast || part.count == count - seen else {
            throw RuntimeError(
              "the parameter \(name) has \(part.count) elements, which do not make \(shape)"
                + (parts.count == 1 ? "" : " with \(parts.count - 1) others"))
          }
          seen += part.count
          try body(part)
        }
      }
    }
  }
}

extension StoredWeight {
  /// The weight as a compiled model names it; nil for a literal, which none holds.
  package var packed: PackedWeight? {
    guard case .parameter(let parts, let shape) = source else { return nil }
    return PackedWeight(parts: parts, shape: shape, layout: layout)
  }

  /// The weight that a compiled model holds.
  package init(_ packed: PackedWeight) {
    self.init(source: .parameter(packed.parts, packed.shape), layout: packed.layout)
  }
}
