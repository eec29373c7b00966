import Tensors

/// A tensor inside a mapped file: its bytes are read when they are used, and never copied.
package struct TensorView: Sendable {
  /// The name in the file.
  package let name: String
  /// The element type.
  package let dtype: DType
  /// The extents, outermost first; a file may hold extents of 0.
  package let dimensions: [Int]
  private let file: MappedFile
  private let range: Range<Int>

  init(name: String, dtype: DType, dimensions: [Int], file: MappedFile, range: Range<Int>) {
    self.name = name
    self.dtype = dtype
    self.dimensions = dimensions
    self.file = file
    self.range = range
  }

  /// The number of elements.
  package var elementCount: Int { range.count / dtype.byteCount }

  /// The size of the elements in bytes.
  package var byteCount: Int { range.count }

  /// Lends the raw little-endian bytes, at any alignment; invalid after `body` returns.
  ///
  /// What was read is given back to the system then, so that of a file as large as memory no more
  /// than a tensor counts as the process's.
  package func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { file.release(range) }
    return try file.withBytes(range, body)
  }

  /// Lends the elements as 32-bit floats, row-major; invalid after `body` returns.
  ///
  /// Aligned `f32` elements are the file's own bytes; others are converted into a buffer that
  /// lives for the call. Values that a `Float` cannot hold are rounded to the nearest.
  ///
  /// - Parameter divide: Where elements are converted; the caller's thread by default.
  package func withFloats<R, E: Error>(
    divide: WorkDivision = { $1(0..<$0) },
    _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    try withBytes { (bytes) throws(E) -> R in
      if dtype == .f32, isAligned(bytes) {
        return try body(bytes.assumingMemoryBound(to: Float.self))
      }
      let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: elementCount)
      defer { floats.deallocate() }
      // Each element is written by one call.
      nonisolated(unsafe) let (source, target) = (bytes, floats)
      divide(elementCount) { range in
        let size = dtype.byteCount
        convertElements(
          UnsafeRawBufferPointer(
            rebasing: source[range.lowerBound * size..<range.upperBound * size]),
          of: dtype, to: UnsafeMutableBufferPointer(rebasing: target[range]))
      }
      return try body(UnsafeBufferPointer(floats))
    }
  }

  /// The first and the last bytes, at most 4,096 of each.
  var ends: [UInt8] {
    let count = min(4096, range.count)
    return [range.prefix(count), range.suffix(count)].flatMap { part in
      file.withBytes(part) { [UInt8]($0) }
    }
  }

  /// A copy of the elements: `f32` for floating-point types, `i32` for the others.
  package var tensor: Tensor {
    let shape = Shape(dimensions)
    return Tensor(
      dtype.isFloatingPoint ? TensorType(.f32, shape) : TensorType(.i32, shape),
      withFloats { [Float]($0) })
  }

  /// One of several equal parts of the first axis; nil when they would not be equal.
  func part(_ part: TensorPart) -> TensorView? {
    guard let extent = dimensions.first, extent % part.count == 0 else { return nil }
    let rows = extent / part.count
    let byteCount = range.count / part.count
    let start = range.lowerBound + part.index * byteCount
    return TensorView(
      name: name, dtype: dtype, dimensions: [rows] + dimensions.dropFirst(), file: file,
      range: start..<start + byteCount)
  }

  /// The same tensor as one of a component of a pipeline.
  func inComponent(_ component: String) -> TensorView {
    TensorView(
      name: component + "/" + name, dtype: dtype, dimensions: dimensions, file: file, range: range)
  }

  /// Whether two tensors have the same type, extents and bytes.
  func isIdentical(to other: TensorView) -> Bool {
    dtype == other.dtype && dimensions == other.dimensions
      && withBytes { own in other.withBytes { haveEqualBytes(own, $0) } }
  }
}

extension DType {
  /// Whether elements are floating-point numbers.
  var isFloatingPoint: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    case .i64, .i32, .i16, .i8, .u8, .bool: false
    }
  }
}

private func isAligned(_ bytes: UnsafeRawBufferPointer) -> Bool {
  UInt(bitPattern: bytes.baseAddress) % UInt(MemoryLayout<Float>.alignment) == 0
}
