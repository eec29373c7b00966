import CKernels
import Kernels
import Testing

extension KernelRow: CustomTestStringConvertible {
  /// The name of the row, for reports of tests.
  public var testDescription: String { name }
}

/// The numbers of threads for which results must agree to the byte.
let threadCounts = [1, 2, 3, 4, 7]

/// Floats at a chosen distance from an aligned address, with guards around them.
final class Floats {
  private static let guardCount = 24
  private static let guardBits: UInt32 = 0x7FC0_BEEF
  private let memory: UnsafeMutablePointer<Float>
  private let offset: Int
  /// The floats that these are a part of.
  private let owner: Floats?
  let count: Int

  var pointer: UnsafeMutablePointer<Float> { memory + Self.guardCount + offset }
  var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer) }

  init(_ values: [Float], offset: Int = 1) {
    count = values.count
    self.offset = offset
    owner = nil
    let total = count + offset + 2 * Self.guardCount
    let raw = UnsafeMutableRawPointer.allocate(byteCount: total * 4, alignment: 64)
    memory = raw.bindMemory(to: Float.self, capacity: total)
    for i in 0..<total { memory[i] = Float(bitPattern: Self.guardBits) }
    for i in 0..<count { pointer[i] = values[i] }
  }

  /// The floats of another from `start` on.
  init(_ owner: Floats, from start: Int) {
    count = owner.count - start
    memory = owner.memory
    offset = owner.offset + start
    self.owner = owner
  }

  convenience init(count: Int, offset: Int = 1) {
    self.init([Float](repeating: .nan, count: count), offset: offset)
  }

  deinit { if owner == nil { memory.deallocate() } }

  subscript(index: Int) -> Float {
    get { pointer[index] }
    set { pointer[index] = newValue }
  }

  var values: [Float] { (0..<count).map { pointer[$0] } }
  var bits: [UInt32] { (0..<count).map { pointer[$0].bitPattern } }

  /// Whether nothing was written outside.
  var isIntact: Bool {
    (0..<Self.guardCount + offset).allSatisfy { memory[$0].bitPattern == Self.guardBits }
      && (0..<Self.guardCount).allSatisfy { pointer[count + $0].bitPattern == Self.guardBits }
  }
}

/// Numbers for tests: a fixed sequence for each seed, independent of the module under test.
struct Sequence64: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

func numbers(_ count: Int, seed: UInt64, in range: ClosedRange<Float> = -1...1) -> [Float] {
  var generator = Sequence64(seed)
  return (0..<count).map { _ in Float.random(in: range, using: &generator) }
}

/// Claims for a call by some threads: with an even number of them the last takes all pieces of all
/// shares, with an odd number each does its own share.
struct Claims {
  private let memory: UnsafeMutableRawPointer?

  init(threads: Int) {
    guard threads % 2 == 0 else {
      memory = nil
      return
    }
    let byteCount = threads * Int(DTH_CLAIM_BYTES)
    memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    memory?.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  var pointer: OpaquePointer? { memory.map { OpaquePointer($0) } }

  func free() { memory?.deallocate() }
}

/// Executes the shares of all threads, last first, each with its own poisoned scratch.
func execute<Arguments>(
  _ kernel: dth_kernel, _ arguments: Arguments, _ operands: [Floats?], threads: Int,
  scratch: Int = 0
) {
  let claims = Claims(threads: threads)
  defer { claims.free() }
  withUnsafePointer(to: arguments) { arguments in
    operands.map { $0?.raw }.withUnsafeBufferPointer { operands in
      guard let first = operands.baseAddress else { return }
      for thread in (0..<threads).reversed() {
        let memory = Floats(count: max(scratch / 4, 1), offset: 8)
        kernel(arguments, first, Int32(thread), Int32(threads), memory.raw, claims.pointer)
        #expect(memory.isIntact, "scratch of thread \(thread) of \(threads)")
      }
    }
  }
  // The kernels see pointers alone.
  withExtendedLifetime(operands) {}
}

/// max |a - b| / max |b|; infinite where one alone is NaN, or infinities differ.
func relativeError(_ a: [Float], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  var largest = 0.0
  var scale = 0.0
  for (x, y) in zip(a, b) {
    if y.isNaN || !y.isFinite {
      if y.isNaN ? !x.isNaN : Double(x) != y { return .infinity }
    } else {
      guard x.isFinite else { return .infinity }
      largest = max(largest, abs(Double(x) - y))
      scale = max(scale, abs(y))
    }
  }
  return scale == 0 ? largest : largest / scale
}

/// The distance in units in the last place of the float nearest to `exact`.
func unitsInLastPlace(_ value: Float, _ exact: Double) -> Double {
  if exact.isNaN { return value.isNaN ? 0 : .infinity }
  let nearest = Float(exact)
  if !nearest.isFinite { return value == nearest ? 0 : .infinity }
  return abs(Double(value) - exact) / Double(max(nearest.magnitude, .leastNormalMagnitude).ulp)
}

/// Every activation.
let activations = [
  DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU, DTH_ACTIVATION_GELU_TANH,
  DTH_ACTIVATION_SILU, DTH_ACTIVATION_SIGMOID, DTH_ACTIVATION_TANH, DTH_ACTIVATION_GELU_QUICK,
]

/// The naive element-wise functions.
func exactActivation(_ activation: dth_activation, _ x: Double) -> Double {
  switch activation {
  case DTH_ACTIVATION_RELU: x < 0 ? 0 : x
  case DTH_ACTIVATION_GELU: exactUnary(DTH_GELU, x)
  case DTH_ACTIVATION_GELU_TANH: exactUnary(DTH_GELU_TANH, x)
  case DTH_ACTIVATION_GELU_QUICK: exactUnary(DTH_GELU_QUICK, x)
  case DTH_ACTIVATION_SILU: exactUnary(DTH_SILU, x)
  case DTH_ACTIVATION_SIGMOID: exactUnary(DTH_SIGMOID, x)
  case DTH_ACTIVATION_TANH: exactUnary(DTH_TANH, x)
  default: x
  }
}
