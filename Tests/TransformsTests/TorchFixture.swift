import Foundation
import GraphIR
import Reference
import Tensors
import Testing

/// The tensors of a file that PyTorch made: see Benchmarks/fixtures.
struct TorchFixture: Sendable {
  let tensors: [String: Tensor]

  /// - Parameter path: The file below Tests/Fixtures.
  init(_ path: String) throws {
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures")
    let data = try Data(contentsOf: fixtures.appending(path: path))
    let headerCount = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try #require(
      try JSONSerialization.jsonObject(with: data[8..<(8 + headerCount)]) as? [String: Any])
    var tensors: [String: Tensor] = [:]
    for (name, entry) in header where name != "__metadata__" {
      let entry = try #require(entry as? [String: Any])
      let dimensions = try #require(entry["shape"] as? [Int])
      let offsets = try #require(entry["data_offsets"] as? [Int])
      #expect(entry["dtype"] as? String == "F32")
      let values = stride(from: offsets[0], to: offsets[1], by: 4).map { offset in
        data.withUnsafeBytes {
          Float(
            bitPattern: UInt32(
              littleEndian: $0.loadUnaligned(
                fromByteOffset: 8 + headerCount + offset, as: UInt32.self)))
        }
      }
      tensors[name] = Tensor(dimensions, values)
    }
    self.tensors = tensors
  }

  /// A tensor by name.
  subscript(name: String) -> Tensor {
    get throws { try #require(tensors[name], "\(name) is not in the file") }
  }

  /// Compares a value with a tensor by the largest difference, relative to the largest element.
  func expect(
    _ value: ReferenceTensor, equals name: String, within tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try self[name]
    #expect(
      value.shape.elementCount == expected.shape.elementCount, "\(name)",
      sourceLocation: sourceLocation)
    let errors = zip(value.values, expected.values).map { abs($0 - Double($1)) }
    let scale = expected.values.map { abs(Double($0)) }.max() ?? 1
    let error = (errors.max() ?? 0) / max(scale, 1e-30)
    #expect(error <= tolerance, "\(name)", sourceLocation: sourceLocation)
  }
}
