/// Reads little-endian numbers and texts from bytes, and never past their end.
struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  /// A reader from the first of some bytes on.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The bytes that are left.
  var remaining: Int { bytes.count - offset }

  /// A number of four bytes.
  mutating func uint32() throws(CompiledFileError) -> Int {
    let value = try take(4).loadUnaligned(as: UInt32.self)
    return Int(UInt32(littleEndian: value))
  }

  /// A number of eight bytes below 2^63.
  mutating func uint64() throws(CompiledFileError) -> Int {
    let value = UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
    guard let number = Int(exactly: value) else {
      throw CompiledFileError("has an index with the number \(value)")
    }
    return number
  }

  /// A count of things that take at least `size` bytes each.
  mutating func count(of what: String, size: Int) throws(CompiledFileError) -> Int {
    let count = try uint32()
    guard count <= remaining / size else {
      throw CompiledFileError("has an index that ends within its \(what)")
    }
    return count
  }

  /// UTF-8 text of a number of bytes.
  mutating func text(byteCount: Int) throws(CompiledFileError) -> String {
    guard let text = String(validating: try take(byteCount), as: UTF8.self) else {
      throw CompiledFileError("holds text that is not UTF-8")
    }
    return text
  }

  private mutating func take(_ count: Int) throws(CompiledFileError) -> UnsafeRawBufferPointer {
    guard count <= remaining else { throw CompiledFileError("has an index that ends too early") }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }
}

extension [UInt8] {
  /// Appends a number of four bytes, the lowest first.
  mutating func append(uint32 value: Int) {
    Swift.withUnsafeBytes(of: UInt32(value).littleEndian) { append(contentsOf: $0) }
  }

  /// Appends a number of eight bytes, the lowest first.
  mutating func append(uint64 value: UInt64) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
