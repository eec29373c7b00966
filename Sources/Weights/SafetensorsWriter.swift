import Diagnostics
import Tensors

/// A tensor to be written to a safetensors file.
package struct TensorContent: Sendable {
  /// The name in the file.
  package let name: String
  /// The element type in the file.
  package let dtype: DType
  /// The extents, outermost first.
  package let dimensions: [Int]
  fileprivate let source: Source

  fileprivate enum Source: Sendable {
    case values([Float])
    case view(TensorView)
  }

  /// A tensor in memory; its elements are converted to its own type.
  package init(_ name: String, _ tensor: Tensor) {
    self.name = name
    dtype = tensor.type.dtype
    dimensions = tensor.shape.dimensions
    source = .values(tensor.values)
  }

  /// The tensor of another file, under its own name or another.
  package init(_ view: TensorView, name: String? = nil) {
    self.name = name ?? view.name
    dtype = view.dtype
    dimensions = view.dimensions
    source = .view(view)
  }
}

/// Makes safetensors files, byte for byte as the reference library does.
///
/// Tensors are ordered by element type, wider types first, then by name; the header is compact
/// JSON, padded with spaces to a multiple of 8 bytes.
package enum SafetensorsWriter {
  /// The bytes of a file.
  ///
  /// - Parameters:
  ///   - tensors: In any order; names must be unique and not `__metadata__`.
  ///   - metadata: The string map of the header, in the order to write.
  package static func encode(
    _ tensors: [TensorContent], metadata: [(key: String, value: String)] = []
  ) -> [UInt8] {
    let ordered = tensors.sorted { left, right in
      if left.dtype.writingRank != right.dtype.writingRank {
        return left.dtype.writingRank > right.dtype.writingRank
      }
      return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
    var result = encodeHeader(ordered, metadata)
    for tensor in ordered {
      switch tensor.source {
      case .view(let view): view.withBytes { result.append(contentsOf: $0) }
      case .values(let values) where tensor.dtype == .f32:
        values.withUnsafeBytes { result.append(contentsOf: $0) }
      case .values(let values): appendElements(values, as: tensor.dtype, to: &result)
      }
    }
    return result
  }

  private static func encodeHeader(
    _ tensors: [TensorContent], _ metadata: [(key: String, value: String)]
  ) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.map { "\(jsonString($0.key)):\(jsonString($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var begin = 0
    for tensor in tensors {
      precondition(names.insert(tensor.name).inserted, "tensor \(tensor.name) is named twice")
      let end = begin + tensor.dimensions.reduce(tensor.dtype.byteCount, *)
      members.append(
        "\(jsonString(tensor.name)):{\"dtype\":\"\(tensor.dtype.safetensorsName)\","
          + "\"shape\":\(Shape(tensor.dimensions)),\"data_offsets\":[\(begin),\(end)]}")
      begin = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) } + text
  }
}

extension DType {
  /// The place in the reference library's order of types, which files are sorted by, descending.
  fileprivate var writingRank: Int {
    switch self {
    case .bool: 0
    case .u8: 1
    case .i8: 2
    case .i16: 3
    case .f16: 4
    case .bf16: 5
    case .i32: 6
    case .f32: 7
    case .f64: 8
    case .i64: 9
    }
  }
}

/// A JSON string with the escapes of the reference library: the shortest ones.
private func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\u{8}": result += "\\b"
    case "\u{c}": result += "\\f"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{0}"..<" ":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
