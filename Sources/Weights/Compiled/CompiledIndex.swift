import Diagnostics
import Tensors

/// The parameters of a compiled model, and the weights that hold them in the order of their bytes.
///
/// A weight begins where the one before it ends: there are no offsets that could be wrong.
struct CompiledIndex: Sendable {
  /// The parameters.
  var parameters: [WantedParameter]
  /// The weights.
  var weights: [PackedWeight]

  /// The most axes of a parameter.
  static let maximumRank = 8
  /// The most elements of a parameter.
  static let maximumElementCount = 1 << 40
}

extension CompiledIndex {
  /// Reads an index, and checks everything in it.
  ///
  /// - Parameter dataByteCount: The bytes that the weights must fill.
  init(
    _ bytes: UnsafeRawBufferPointer, _ header: CompiledHeader, dataByteCount: Int
  ) throws(CompiledFileError) {
    var reader = ByteReader(bytes)
    parameters = []
    weights = []
    var names: Set<String> = []
    var elementCounts: [Int] = []
    for _ in 0..<header.parameterCount {
      let (parameter, elementCount) = try Self.parameter(&reader)
      guard names.insert(parameter.name).inserted else {
        throw CompiledFileError("has an index with parameter \(quoted(parameter.name)) twice")
      }
      parameters.append(parameter)
      elementCounts.append(elementCount)
    }
    var isHeld = [Bool](repeating: false, count: parameters.count)
    var known: Set<PackedWeight> = []
    var byteCount = 0
    for number in 0..<header.weightCount {
      let (weight, parts) = try weight(number, &reader, elementCounts)
      guard known.insert(weight).inserted else {
        throw CompiledFileError("has an index with weight \(number) twice")
      }
      for part in parts { isHeld[part] = true }
      // Neither sum nor term can overflow: both are at most the bytes of a file.
      guard weight.byteCount <= dataByteCount - byteCount else {
        throw CompiledFileError("has weights that pass its end")
      }
      byteCount += weight.byteCount
      weights.append(weight)
    }
    guard reader.remaining == 0 else {
      throw CompiledFileError("has an index with \(counted(reader.remaining, "byte")) too many")
    }
    guard byteCount == dataByteCount else {
      throw CompiledFileError(
        "has \(dataByteCount) bytes of weights where the index describes \(byteCount)")
    }
    if let missing = isHeld.firstIndex(of: false) {
      throw CompiledFileError("has no weight with parameter \(quoted(parameters[missing].name))")
    }
  }

  private static func parameter(
    _ reader: inout ByteReader
  ) throws(CompiledFileError) -> (WantedParameter, elementCount: Int) {
    let nameByteCount = try reader.count(of: "names", size: 1)
    let name = try reader.text(byteCount: nameByteCount)
    let shape = try shape(&reader)
    return (WantedParameter(name: name, dimensions: shape.dimensions), shape.elementCount)
  }

  private static func shape(_ reader: inout ByteReader) throws(CompiledFileError) -> Shape {
    let rank = try reader.count(of: "shapes", size: 8)
    guard rank <= maximumRank else {
      throw CompiledFileError("has an index with a shape of \(rank) axes")
    }
    var shape = Shape([])
    for _ in 0..<rank { shape.dimensions.append(try reader.uint64()) }
    guard let count = shape.checkedElementCount, count <= maximumElementCount else {
      throw CompiledFileError("has an index with the impossible shape \(shape)")
    }
    return shape
  }

  /// A weight, and its parameters by number.
  private func weight(
    _ number: Int, _ reader: inout ByteReader, _ elementCounts: [Int]
  ) throws(CompiledFileError) -> (PackedWeight, parts: [Int]) {
    func fail(_ reason: String) -> CompiledFileError {
      CompiledFileError("has an index whose weight \(number) \(reason)")
    }
    let code = try reader.uint32()
    let partCount = try reader.count(of: "weights", size: 4)
    var parts: [Int] = []
    var elementCount = 0
    for _ in 0..<partCount {
      let part = try reader.uint32()
      guard parameters.indices.contains(part) else { throw fail("has no parameter \(part)") }
      parts.append(part)
      elementCount += elementCounts[part]
      guard elementCount <= Self.maximumElementCount else { throw fail("is too large") }
    }
    guard Set(parts).count == parts.count, !parts.isEmpty else {
      throw fail("has no parameters, or one twice")
    }
    let shape = try Self.shape(&reader)
    guard shape.elementCount == elementCount else { throw fail("is not as large as its parts") }
    let layout: StorageLayout
    switch code {
    case 0: layout = .rows
    case 1, 2:
      let (n, k) = (try reader.uint64(), try reader.uint64())
      let (count, overflow) = n.multipliedReportingOverflow(by: k)
      guard n > 0, k > 0, !overflow, count == elementCount,
        parts.allSatisfy({ elementCounts[$0] % k == 0 })
      else { throw fail("has panels of another size") }
      layout = .panels(n: n, k: k, code == 1 ? .f32 : .bf16)
    default: throw fail("has the unknown layout \(code)")
    }
    return (
      PackedWeight(parts: parts.map { parameters[$0].name }, shape: shape, layout: layout), parts
    )
  }

  /// The index's bytes.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for parameter in parameters {
      bytes.append(uint32: parameter.name.utf8.count)
      bytes += parameter.name.utf8
      Self.append(parameter.dimensions, to: &bytes)
    }
    let numbers = Dictionary(
      uniqueKeysWithValues: parameters.enumerated().map { ($0.element.name, $0.offset) })
    for weight in weights {
      switch weight.layout {
      case .rows: bytes.append(uint32: 0)
      case .panels(_, _, .f32): bytes.append(uint32: 1)
      case .panels(_, _, .bf16): bytes.append(uint32: 2)
      }
      bytes.append(uint32: weight.parts.count)
      for part in weight.parts {
        guard let number = numbers[part] else { preconditionFailure("\(part) is no parameter") }
        bytes.append(uint32: number)
      }
      Self.append(weight.shape.dimensions, to: &bytes)
      if case .panels(let n, let k, _) = weight.layout {
        bytes.append(uint64: UInt64(n))
        bytes.append(uint64: UInt64(k))
      }
    }
    return bytes
  }

  private static func append(_ dimensions: [Int], to bytes: inout [UInt8]) {
    bytes.append(uint32: dimensions.count)
    for extent in dimensions { bytes.append(uint64: UInt64(extent)) }
  }
}
