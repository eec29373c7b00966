import Compiler
import Foundation
import ModelSpec
import Planning
import Testing

/// One packing serves every plan of a model.
@Suite struct StoredWeightTests {
  private static let variants: [@Sendable (inout CompileOptions) -> Void] = [
    { _ in },
    { $0.steps = 3 },
    { $0.guidance = 1 },
    { $0.guidance = 2.5 },
    { $0.batch = 3 },
  ]

  @Test(arguments: ShippedSpecTests.names)
  func `do not depend on steps, guidance, batch or size`(name: String) throws {
    let path = ShippedSpecTests.root.appendingPathComponent("Specs/\(name)").path
    let loaded = try loadSpec(file: path)
    let weights = try ModelCompiler(loaded).storedWeights()
    #expect(Set(weights).count == weights.count)
    let known = Set(weights.filter(\.isParameter))
    let hasNull = loaded.spec.denoiser?.conditioning.label != nil
    for (number, change) in Self.variants.enumerated() where hasNull || number < 3 {
      var options = CompileOptions()
      change(&options)
      if hasNull, number == 1 { options.size = (height: 16, width: 24) }
      let model = try ModelCompiler(loaded, options: options).sampling()
      let needed = model.graphs.flatMap(\.plan.weights).filter(\.isParameter)
      #expect(known.isSuperset(of: needed), "variant \(number)")
    }
    for entry in ["prediction", "encode", "decode"] {
      guard let graph = try ModelCompiler(loaded).entry(entry) else { continue }
      #expect(known.isSuperset(of: graph.plan.weights.filter(\.isParameter)), "\(entry)")
    }
  }

  @Test(arguments: ShippedSpecTests.names)
  func `hold every parameter of the model`(name: String) throws {
    let path = ShippedSpecTests.root.appendingPathComponent("Specs/\(name)").path
    let loaded = try loadSpec(file: path)
    let parts = try ModelCompiler(loaded).storedWeights().flatMap { weight -> [String] in
      if case .parameter(let parts, _) = weight.source { parts } else { [] }
    }
    #expect(Set(parts) == Set(loaded.spec.parameterDeclarations.map(\.name)))
  }
}

extension StoredWeight {
  fileprivate var isParameter: Bool { if case .parameter = source { true } else { false } }
}
