import Diagnostics
import Tensors

/// What is wrong with the text of a header, complete but for the file's name.
struct HeaderError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}

/// The table of contents of a safetensors file.
///
/// The format: 8 bytes, the length of the header, little-endian; a JSON object from name to
/// `{dtype, shape, data_offsets: [begin, end]}` with an optional string map `__metadata__`,
/// padded with spaces; the elements, little-endian and row-major, that cover the rest exactly.
///
/// Invariants of a value: names are unique; extents are at least 0; `bytes` of the entries follow
/// each other from 0 without gap or overlap, and have the size that dtype and extents demand.
struct SafetensorsHeader: Sendable {
  /// One tensor.
  struct Entry: Sendable {
    var name: String
    var dtype: DType
    var dimensions: [Int]
    /// Where its elements are, counted from the first byte after the header.
    var bytes: Range<Int>
  }

  /// The reference implementation's limit on the length of a header.
  static let maximumByteCount = 100_000_000
  /// More axes than any framework allows.
  static let maximumRank = 64

  /// The tensors in the order of their bytes.
  private(set) var entries: [Entry] = []
  /// The string map, in the order of the file.
  private(set) var metadata: [(key: String, value: String)] = []

  /// Reads the JSON text of a header.
  ///
  /// - Parameters:
  ///   - text: The header without its length.
  ///   - dataByteCount: How many bytes follow the header.
  /// - Throws: `HeaderError` where the text breaks the format or the entries do not cover the
  ///   data exactly.
  /// - Complexity: O(n log n) in the number of tensors; memory stays linear in the text.
  init(_ text: UnsafeRawBufferPointer, dataByteCount: Int) throws(HeaderError) {
    var scanner = HeaderScanner(text)
    var names: Set<String> = []
    var hasMetadata = false
    try scanner.readObject { (key, scanner) throws(HeaderError) in
      if key == "__metadata__" {
        if hasMetadata { throw HeaderError("the key \"__metadata__\" occurs twice") }
        hasMetadata = true
        metadata = try Self.readMetadata(&scanner)
      } else {
        guard names.insert(key).inserted else {
          throw HeaderError("the tensor \(quoted(key)) occurs twice")
        }
        entries.append(try Self.readEntry(key, &scanner))
      }
    }
    try scanner.expectEnd()
    entries.sort { left, right in
      let (a, b) = (left.bytes, right.bytes)
      return (a.lowerBound, a.upperBound) < (b.lowerBound, b.upperBound)
    }
    try checkCoverage(dataByteCount)
  }

  private static func readMetadata(
    _ scanner: inout HeaderScanner
  ) throws(HeaderError) -> [(key: String, value: String)] {
    var pairs: [(key: String, value: String)] = []
    var keys: Set<String> = []
    try scanner.readObject { (key, scanner) throws(HeaderError) in
      guard keys.insert(key).inserted else {
        throw HeaderError("the key \(quoted(key)) of \"__metadata__\" occurs twice")
      }
      pairs.append((key, try scanner.readString("a string as value of \"__metadata__\"")))
    }
    return pairs
  }

  private static func readEntry(
    _ name: String, _ scanner: inout HeaderScanner
  ) throws(HeaderError) -> Entry {
    var dtype: DType?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.readObject { (key, scanner) throws(HeaderError) in
      switch key {
      case "dtype" where dtype == nil:
        let text = try scanner.readString("the name of a dtype")
        guard let known = DType(safetensorsName: text) else {
          if ["F8", "F6", "F4"].contains(where: text.hasPrefix) {
            throw HeaderError(
              "tensor \(quoted(name)) has dtype \(quoted(text)): quantized weights cannot be "
                + "loaded; take the model's F32, F16 or BF16 file")
          }
          let names = DType.allCases.map(\.safetensorsName).joined(separator: ", ")
          throw HeaderError(
            "tensor \(quoted(name)) has dtype \(quoted(text)), which is none of \(names)")
        }
        dtype = known
      case "shape" where shape == nil:
        shape = try scanner.readIntegers(maximumCount: maximumRank)
      case "data_offsets" where offsets == nil:
        offsets = try scanner.readIntegers(maximumCount: 2)
      case "dtype", "shape", "data_offsets":
        throw HeaderError("tensor \(quoted(name)) has the key \"\(key)\" twice")
      default:
        throw HeaderError(
          "tensor \(quoted(name)) has the key \(quoted(key)), "
            + "which is none of dtype, shape, data_offsets")
      }
    }
    guard let dtype, let shape, let offsets else {
      let missing = dtype == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
      throw HeaderError("tensor \(quoted(name)) has no \"\(missing)\"")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw HeaderError(
        "tensor \(quoted(name)) has data_offsets \(Shape(offsets)), not [begin, end] in order")
    }
    guard let byteCount = checkedByteCount(shape, of: dtype) else {
      throw HeaderError("tensor \(quoted(name)) has shape \(Shape(shape)), too large to exist")
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw HeaderError(
        "tensor \(quoted(name)) is \(dtype.safetensorsName) \(Shape(shape)), "
          + "\(byteCount) bytes, but its data_offsets hold \(offsets[1] - offsets[0])")
    }
    return Entry(name: name, dtype: dtype, dimensions: shape, bytes: offsets[0]..<offsets[1])
  }

  private func checkCoverage(_ dataByteCount: Int) throws(HeaderError) {
    var end = 0
    for entry in entries {
      guard entry.bytes.upperBound <= dataByteCount else {
        throw HeaderError(
          "tensor \(quoted(entry.name)) ends at byte \(entry.bytes.upperBound) of the data, "
            + "which has \(dataByteCount): the file is truncated")
      }
      guard entry.bytes.lowerBound == end else {
        let what = entry.bytes.lowerBound < end ? "overlaps the tensor before it" : "follows a gap"
        throw HeaderError(
          "tensor \(quoted(entry.name)) begins at byte \(entry.bytes.lowerBound) of the data "
            + "instead of \(end): it \(what)")
      }
      end = entry.bytes.upperBound
    }
    guard end == dataByteCount else {
      throw HeaderError(
        "its tensors cover \(end) of \(dataByteCount) bytes of data; "
          + "\(dataByteCount - end) bytes belong to none")
    }
  }
}

/// The size of a tensor in bytes, or nil when it overflows.
func checkedByteCount(_ dimensions: [Int], of dtype: DType) -> Int? {
  var count = dtype.byteCount
  for extent in dimensions {
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    if overflow { return nil }
    count = product
  }
  return count
}

extension DType {
  /// The name in a safetensors header.
  var safetensorsName: String {
    switch self {
    case .f64: "F64"
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .i64: "I64"
    case .i32: "I32"
    case .i16: "I16"
    case .i8: "I8"
    case .u8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The type of a name in a safetensors header.
  init?(safetensorsName: String) {
    guard let match = Self.allCases.first(where: { $0.safetensorsName == safetensorsName }) else {
      return nil
    }
    self = match
  }
}
