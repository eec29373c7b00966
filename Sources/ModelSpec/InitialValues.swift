/// What a parameter of a new model starts with.
///
/// - Source: `initialize_weights` of the original DiT: Xavier's uniform numbers for linear layers,
///   zeros for biases, for the modulation of adaLN-zero and for the final layer, normal numbers for
///   tables and for the timestep's layers.
package enum InitialValues: Sendable, Hashable {
  /// 0.
  case zeros
  /// 1: the weight of a norm.
  case ones
  /// Uniform between `-bound` and `bound`.
  case uniform(bound: Double)
  /// Normal around 0.
  case normal(deviation: Double)

  /// Uniform with variance 2 / (input + output).
  ///
  /// - Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
  ///   networks (AISTATS 2010), equation 16.
  static func xavier(from input: Int, to output: Int) -> InitialValues {
    .uniform(bound: (6 / Double(input + output)).squareRoot())
  }

  /// A third of the one layer that makes query, key and value.
  static func joined(_ width: Int) -> InitialValues { .xavier(from: width, to: 3 * width) }

  /// An embedding's.
  static let embedding = InitialValues.normal(deviation: 0.02)
}

extension Conditioning {
  /// What a modulation's weight starts with: with `adaln_zero` nothing is modulated at first; nil
  /// for Xavier's.
  var modulationInitial: InitialValues? {
    modulation?.form == .adalnZero ? .zeros : nil
  }
}
