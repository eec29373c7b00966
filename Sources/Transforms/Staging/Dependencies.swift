import GraphIR

/// What changes a value: the binding times it waits for.
package struct Dependencies: OptionSet, Sendable, Hashable {
  /// The bits.
  package let rawValue: UInt8

  /// A set of the given bits.
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// An input that a run provides.
  package static let prompt = Dependencies(rawValue: 1)
  /// The index of the step.
  package static let timestep = Dependencies(rawValue: 2)
  /// The state.
  package static let latent = Dependencies(rawValue: 4)

  /// How often a value of these dependencies is computed.
  package var binding: Binding {
    if contains(.latent) { return .step }
    if contains(.timestep) { return .schedule }
    return contains(.prompt) ? .prompt : .load
  }
}

extension Graph {
  /// What each value depends on, by index.
  package var dependencies: [Dependencies] {
    var result: [Dependencies] = []
    result.reserveCapacity(nodes.count)
    for node in nodes {
      var own = node.inputs.reduce(into: Dependencies()) { $0.formUnion(result[$1.index]) }
      switch node.op {
      case .input: own.insert(.prompt)
      case .state: own.insert(.latent)
      case .stepRow: own.insert(.timestep)
      case .parameter, .constant, .table, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce,
        .gather, .reshape, .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear,
        .affine,
        .normAffine, .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample,
        .rmsNormScale, .groupNormAffine, .softmaxGradient, .normGradient,
        .reduceProduct, .attentionGradient, .convolutionEpilogue:
        break
      }
      result.append(own)
    }
    return result
  }
}
