import Foundation
import GraphIR
import Kernels
import Planning
import Runtime
import Tensors
import Testing
import Weights

/// Weights that lie in a compiled model.
@Suite struct MappedWeightTests {
  private static let parameters = [
    WantedParameter(name: "w", dimensions: [40, 24]),
    WantedParameter(name: "v", dimensions: [8, 24]),
    WantedParameter(name: "b", dimensions: [48]),
  ]

  /// Both weights in one product, `w` by itself in another order too, and a vector.
  private static let weights = [
    StoredWeight(
      source: .parameter(["w", "v"], [48, 24]), layout: .panels(n: 48, k: 24, .f32)),
    StoredWeight(source: .parameter(["w"], [40, 24]), layout: .rows),
    StoredWeight(source: .parameter(["b"], [48]), layout: .rows),
  ]

  /// A file of the weights with random values, removed by the test.
  private func compiled() throws -> String {
    let pool = try #require(ThreadPool(threadCount: 2))
    let store = WeightStore(try ParameterSource.open(Self.parameters, weights: "random:5"))
    var writer = try CompiledFileWriter(
      spec: "ditharos: 1\n", precision: .f32, parameters: Self.parameters,
      weights: Self.weights.compactMap(\.packed))
    var bytes = writer.head
    for weight in Self.weights {
      try store.withBytes(of: weight, pool: pool) {
        writer.append($0)
        bytes += $0
      }
    }
    let path = NSTemporaryDirectory() + "/mapped-\(UUID().uuidString).ditc"
    try Data(bytes + writer.checksums).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func `are not copied`() throws {
    let path = try compiled()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let pool = try #require(ThreadPool(threadCount: 1))
    let store = WeightStore(try ParameterSource.open(Self.parameters, weights: path))
    try store.add(Self.weights, pool: pool)
    #expect(store.byteCount == Self.weights.reduce(0) { $0 + $1.byteCount })
    #expect(store.mappedByteCount == store.byteCount)
    // A layout that the file has not is made of what it has.
    let other = StoredWeight(
      source: .parameter(["v"], [8, 24]), layout: .panels(n: 8, k: 24, .f32))
    try store.add([other], pool: pool)
    #expect(store.byteCount - store.mappedByteCount == other.byteCount)
  }

  @Test func `of any layout are those of the parameters`() throws {
    let path = try compiled()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let pool = try #require(ThreadPool(threadCount: 1))
    let mapped = WeightStore(try ParameterSource.open(Self.parameters, weights: path))
    let made = WeightStore(try ParameterSource.open(Self.parameters, weights: "random:5"))
    let others = [
      StoredWeight(source: .parameter(["v"], [8, 24]), layout: .panels(n: 8, k: 24, .f32)),
      StoredWeight(source: .parameter(["v", "w"], [48, 24]), layout: .rows),
      StoredWeight(source: .parameter(["w"], [40, 24]), layout: .panels(n: 40, k: 24, .bf16)),
    ]
    for weight in Self.weights + others {
      var bytes: [UInt8] = []
      try mapped.withBytes(of: weight, pool: pool) { bytes = Array($0) }
      try made.withBytes(of: weight, pool: pool) { #expect(bytes.elementsEqual($0)) }
    }
  }
}
