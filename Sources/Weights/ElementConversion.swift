import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Converts little-endian elements of any type to floats, rounding to nearest.
///
/// `bool` becomes 0 or 1.
///
/// - Precondition: `bytes` holds exactly as many elements as `floats`.
func convertElements(
  _ bytes: UnsafeRawBufferPointer, of dtype: DType, to floats: UnsafeMutableBufferPointer<Float>
) {
  precondition(bytes.count == floats.count * dtype.byteCount, "bytes must match the elements")
  switch dtype {
  case .f64: convert(bytes, to: floats) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
  case .f32: convert(bytes, to: floats) { (bits: UInt32) in Float(bitPattern: bits) }
  case .f16: convert(bytes, to: floats) { (bits: UInt16) in float(half: bits) }
  case .bf16: convert(bytes, to: floats) { (bits: UInt16) in Float(bfloat16Bits: bits) }
  case .i64: convert(bytes, to: floats) { (value: Int64) in Float(value) }
  case .i32: convert(bytes, to: floats) { (value: Int32) in Float(value) }
  case .i16: convert(bytes, to: floats) { (value: Int16) in Float(value) }
  case .i8: convert(bytes, to: floats) { (value: Int8) in Float(value) }
  case .u8: convert(bytes, to: floats) { (value: UInt8) in Float(value) }
  case .bool: convert(bytes, to: floats) { (value: UInt8) in value == 0 ? 0 : 1 }
  }
}

/// Appends floats as little-endian elements of any type, rounding to nearest, ties to even.
///
/// Integers are clamped to the range of their type, with NaN as 0.
func appendElements(_ floats: [Float], as dtype: DType, to bytes: inout [UInt8]) {
  switch dtype {
  case .f64: append(floats, to: &bytes) { Double($0).bitPattern }
  case .f32: append(floats, to: &bytes) { $0.bitPattern }
  case .f16: append(floats, to: &bytes) { halfBits($0) }
  case .bf16: append(floats, to: &bytes) { $0.bfloat16Bits }
  case .i64: append(floats, to: &bytes) { clamped($0, Int64.self) }
  case .i32: append(floats, to: &bytes) { clamped($0, Int32.self) }
  case .i16: append(floats, to: &bytes) { clamped($0, Int16.self) }
  case .i8: append(floats, to: &bytes) { clamped($0, Int8.self) }
  case .u8: append(floats, to: &bytes) { clamped($0, UInt8.self) }
  case .bool: append(floats, to: &bytes) { $0 == 0 ? UInt8(0) : 1 }
  }
}

/// Whether two stretches of memory are equal.
func haveEqualBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  guard left.count == right.count else { return false }
  guard let a = left.baseAddress, let b = right.baseAddress else { return true }
  return a == b || memcmp(a, b, left.count) == 0
}

@inline(__always)
private func convert<Element: FixedWidthInteger & BitwiseCopyable>(
  _ bytes: UnsafeRawBufferPointer, to floats: UnsafeMutableBufferPointer<Float>,
  _ convert: (Element) -> Float
) {
  for index in 0..<floats.count {
    let element = bytes.loadUnaligned(
      fromByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
    floats.initializeElement(at: index, to: convert(Element(littleEndian: element)))
  }
}

@inline(__always)
private func append<Element: FixedWidthInteger>(
  _ floats: [Float], to bytes: inout [UInt8], _ convert: (Float) -> Element
) {
  bytes.reserveCapacity(bytes.count + floats.count * MemoryLayout<Element>.size)
  for value in floats {
    withUnsafeBytes(of: convert(value).littleEndian) { bytes.append(contentsOf: $0) }
  }
}

@inline(__always)
private func float(half bits: UInt16) -> Float {
  // Moving the 15 bits below the sign into a float's place leaves the exponent 112 too low;
  // the product repairs it, exactly, for subnormal numbers too.
  let magnitude = Float(bitPattern: UInt32(bits & 0x7fff) << 13) * 0x1p112
  let isSpecial = bits & 0x7c00 == 0x7c00
  let repaired = isSpecial ? magnitude.bitPattern | 0x7f80_0000 : magnitude.bitPattern
  return Float(bitPattern: repaired | UInt32(bits & 0x8000) << 16)
}

private func halfBits(_ value: Float) -> UInt16 {
  let sign = UInt16(value.bitPattern >> 16 & 0x8000)
  let magnitude = value.magnitude
  if value.isNaN { return sign | 0x7e00 }
  // 65520 lies halfway between the largest half and the next power of two.
  if magnitude >= 65520 { return sign | 0x7c00 }
  let exponent = max(magnitude == 0 ? -14 : magnitude.exponent, -14)
  // In units of the last place a half is an integer: 2^(exponent - 10) per unit.
  let scale = Float(sign: .plus, exponent: Int(10 - exponent), significand: 1)
  let units = UInt16((magnitude * scale).rounded(.toNearestOrEven))
  // Normal numbers carry the implicit bit 1024, which the sum turns into an exponent step.
  return sign | (UInt16(exponent + 14) << 10 &+ units)
}

private func clamped<Integer: FixedWidthInteger>(_ value: Float, _: Integer.Type) -> Integer {
  if value.isNaN { return 0 }
  let rounded = value.rounded(.toNearestOrEven)
  if rounded >= Float(Integer.max) { return Integer.max }
  if rounded <= Float(Integer.min) { return Integer.min }
  return Integer(rounded)
}
