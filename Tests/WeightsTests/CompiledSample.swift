import Tensors
import Weights

/// A small compiled model with every layout.
struct CompiledSample {
  let spec = "ditharos: 1\nname: sample\n"
  /// `a` and `b` are rows of one weight, and `a` is another one too.
  let parameters = [
    WantedParameter(name: "a", dimensions: [40, 2]),
    WantedParameter(name: "b", dimensions: [3, 2]),
    WantedParameter(name: "c", dimensions: [5]),
    WantedParameter(name: "d", dimensions: [33, 34]),
  ]
  let weights = [
    PackedWeight(parts: ["a", "b"], shape: [43, 2], layout: .panels(n: 43, k: 2, .f32)),
    PackedWeight(parts: ["c"], shape: [5], layout: .rows),
    PackedWeight(parts: ["d"], shape: [33, 34], layout: .panels(n: 33, k: 34, .bf16)),
    PackedWeight(parts: ["a"], shape: [40, 2], layout: .rows),
  ]
  /// The values of the parameters, which bf16 holds exactly.
  let values: [[Float]]
  /// The bytes of the weights.
  let packed: [[UInt8]]
  /// Where the weights begin.
  let dataStart: Int
  /// The file.
  let bytes: [UInt8]

  init() {
    let values = parameters.enumerated().map { number, parameter in
      (0..<Shape(parameter.dimensions).elementCount).map {
        Float(($0 * 7 + number * 50) % 256) - 99
      }
    }
    self.values = values
    packed = [
      pack(values[0] + values[1], n: 43, k: 2, .f32), pack(values[2]),
      pack(values[3], n: 33, k: 34, .bf16), pack(values[0]),
    ]
    guard
      var writer = try? CompiledFileWriter(
        spec: spec, precision: .bf16, parameters: parameters, weights: weights)
    else { preconditionFailure("a sample is not too large") }
    for bytes in packed { bytes.withUnsafeBytes { writer.append($0) } }
    dataStart = writer.head.count
    bytes = writer.head + packed.joined() + writer.checksums
  }
}

/// Rows as they are stored.
private func pack(_ values: [Float]) -> [UInt8] {
  let bytes = values.withUnsafeBytes { Array($0) }
  return bytes + [UInt8](repeating: 0, count: (64 - bytes.count % 64) % 64)
}

/// Panels by the definition of the format, element by element.
private func pack(_ values: [Float], n: Int, k: Int, _ precision: Precision) -> [UInt8] {
  let panels = (n + 31) / 32
  switch precision {
  case .f32:
    var floats = [Float](repeating: 0, count: panels * 32 * k)
    for row in 0..<n {
      for column in 0..<k {
        floats[row / 32 * 32 * k + column * 32 + row % 32] = values[row * k + column]
      }
    }
    return floats.withUnsafeBytes { Array($0) }
  case .bf16:
    let padded = (k + 31) / 32 * 32
    var words = [UInt16](repeating: 0, count: panels * 32 * padded)
    for row in 0..<n {
      for column in 0..<k {
        words[row / 32 * 32 * padded + column / 2 * 64 + row % 32 * 2 + column % 2] =
          UInt16(values[row * k + column].bitPattern >> 16)
      }
    }
    return words.withUnsafeBytes { Array($0) }
  }
}
