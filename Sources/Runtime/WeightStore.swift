import GraphIR
import Kernels
import Planning
import Tensors
import Weights

/// The weights of all programs, each laid out once as the plan says.
///
/// Parameters are read one part at a time, so that no more than one part is in memory twice.
package final class WeightStore {
  private let parameters: ParameterSource
  private var memory: [StoredWeight: MemoryBlock] = [:]

  /// A store that reads parameters from a source when a program needs them.
  package init(_ parameters: ParameterSource) { self.parameters = parameters }

  /// The bytes held.
  package var byteCount: Int { memory.keys.reduce(0) { $0 + $1.byteCount } }

  /// Reads and lays out the weights that are not there yet.
  ///
  /// - Throws: `RuntimeError` when a parameter has no value, or another number of elements than the
  ///   graph says.
  package func add(_ weights: [StoredWeight], pool: ThreadPool) throws {
    for weight in weights where memory[weight] == nil {
      let region = try MemoryBlock(
        byteCount: weight.byteCount, for: "weights", isZeroed: false)
      switch weight.layout {
      case .rows: try fill(region, rowsOf: weight)
      case .panels(let n, let k, let precision):
        var writer = try PanelWriter(region, k: k, precision, pool: pool)
        try forEachPart(of: weight, count: n * k) { try writer.append($0) }
        writer.finish()
      }
      memory[weight] = region
    }
  }

  /// Where a weight is.
  ///
  /// - Precondition: The weight was added.
  func address(of weight: StoredWeight) -> UnsafeMutableRawPointer {
    guard let region = memory[weight] else { preconditionFailure("a weight was not added") }
    return region.base
  }

  private func fill(_ region: MemoryBlock, rowsOf weight: StoredWeight) throws {
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
    try forEachPart(of: weight, count: elementCount(of: weight.source)) { part in
      if let base = part.baseAddress {
        (floats + filled).update(from: base, count: part.count)
        filled += part.count
      }
    }
  }

  private func elementCount(of source: StoredWeight.Source) -> Int {
    switch source {
    case .parameter(_, let shape): shape.elementCount
    case .literal(.constant(let tensor)): tensor.values.count
    case .literal(.table(let table)): table.type.shape.elementCount
    case .literal: 0
    }
  }

  /// Hands over the elements part by part; together they are `count`.
  private func forEachPart(
    of weight: StoredWeight, count: Int, _ body: (UnsafeBufferPointer<Float>) throws -> Void
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
        try parameters.withValues(of: name) { part in
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
