import CKernels
import Testing

/// The bf16 nearest to a float, as its upper 16 bits.
func roundedToBF16(_ x: Float) -> UInt16 {
  let bits = x.bitPattern
  if x.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
  return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

/// The float that a bf16 is.
func widened(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

/// Elements of either type at an address aligned to one element alone, with guards around them.
final class Elements {
  private static let guardByteCount = 96
  private static let guardByte: UInt8 = 0xA5
  private let memory: UnsafeMutableRawPointer
  private let byteCount: Int
  let element: dth_element
  let count: Int

  private var size: Int { element == DTH_BF16 ? 2 : 4 }
  private var start: Int { Self.guardByteCount + size }
  var raw: UnsafeMutableRawPointer { memory + start }

  /// The values, rounded to bf16 where the elements are that.
  init(_ values: [Float], _ element: dth_element) {
    self.element = element
    count = values.count
    let size = element == DTH_BF16 ? 2 : 4
    byteCount = values.count * size + size + 2 * Self.guardByteCount
    memory = .allocate(byteCount: byteCount, alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: Self.guardByte, count: byteCount)
    for (i, value) in values.enumerated() { self[i] = value }
  }

  convenience init(count: Int, _ element: dth_element) {
    self.init([Float](repeating: .nan, count: count), element)
  }

  deinit { memory.deallocate() }

  subscript(index: Int) -> Float {
    get {
      element == DTH_BF16
        ? widened(raw.load(fromByteOffset: index * 2, as: UInt16.self))
        : raw.load(fromByteOffset: index * 4, as: Float.self)
    }
    set {
      if element == DTH_BF16 {
        raw.storeBytes(of: roundedToBF16(newValue), toByteOffset: index * 2, as: UInt16.self)
      } else {
        raw.storeBytes(of: newValue, toByteOffset: index * 4, as: Float.self)
      }
    }
  }

  /// The operand that a kernel multiplies: the element, rounded.
  func factor(_ index: Int) -> Double { Double(widened(roundedToBF16(self[index]))) }

  var values: [Float] { (0..<count).map { self[$0] } }
  var bits: [UInt32] { values.map(\.bitPattern) }

  /// The address of an element.
  func address(of index: Int) -> UnsafeMutableRawPointer { raw + index * size }

  /// Whether nothing was written outside.
  var isIntact: Bool {
    let end = start + count * size
    return ((0..<start).map { $0 } + (end..<byteCount).map { $0 }).allSatisfy {
      memory.load(fromByteOffset: $0, as: UInt8.self) == Self.guardByte
    }
  }
}

/// Executes the shares of all threads, last first, each with its own poisoned scratch.
func execute<Arguments>(
  _ kernel: dth_kernel, _ arguments: Arguments, at operands: [UnsafeMutableRawPointer?],
  threads: Int, scratch: Int
) {
  let claims = Claims(threads: threads)
  defer { claims.free() }
  withUnsafePointer(to: arguments) { arguments in
    operands.withUnsafeBufferPointer { operands in
      guard let first = operands.baseAddress else { return }
      for thread in (0..<threads).reversed() {
        let memory = Floats(count: max(scratch / 4, 1), offset: 8)
        kernel(arguments, first, Int32(thread), Int32(threads), memory.raw, claims.pointer)
        #expect(memory.isIntact, "scratch of thread \(thread) of \(threads)")
      }
    }
  }
}

/// A weight [n, k] packed into panels of bf16, by two parts as a loader with threads does.
func packedBF16(_ weight: [Float], n: Int, k: Int, transposed: Bool = false) -> Elements {
  let packed = Elements(count: dth_packed_weight_bf16_count(Int64(n), Int64(k)), DTH_BF16)
  let panels = (n + 31) / 32
  for (first, end) in [(0, panels / 2), (panels / 2, panels)] {
    dth_pack_weight_bf16(
      weight, Int64(n), Int64(k), Int64(transposed ? n : k), transposed, Int64(first),
      Int64(end - first), packed.raw.assumingMemoryBound(to: UInt16.self))
  }
  #expect(packed.isIntact)
  return packed
}

/// The error of results beyond what rounding them to their type makes, relative to the largest.
func relativeErrorBeyondRounding(_ results: Elements, _ exact: [Double]) -> Double {
  guard results.element == DTH_BF16 else { return relativeError(results.values, exact) }
  let nearest = zip(results.values, exact).map { value, exact in
    let distance = exact.magnitude / 256
    guard abs(Double(value) - exact) > distance else { return Double(value) }
    return Double(value) < exact ? exact - distance : exact + distance
  }
  return relativeError(results.values, nearest)
}
