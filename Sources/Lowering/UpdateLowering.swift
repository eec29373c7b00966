import GraphIR
import ModelSpec
import Tensors

/// The names of the states that a training keeps for a parameter.
package enum TrainingState {
  /// The sum of the gradients since the last step.
  package static func gradient(_ name: String) -> String { "gradient.\(name)" }
  /// The running mean of the gradients, with AdamW.
  package static func firstMoment(_ name: String) -> String { "first_moment.\(name)" }
  /// The running mean of their squares, with AdamW.
  package static func secondMoment(_ name: String) -> String { "second_moment.\(name)" }
  /// The running mean of the parameter.
  package static func average(_ name: String) -> String { "average.\(name)" }
}

extension ModelGraphs {
  /// The sum of the squares of each gradient: output `squares`, an element per parameter.
  ///
  /// - Throws: `GraphError` when there is no parameter.
  package static func gradientSquares(
    of parameters: [ParameterDeclaration]
  ) throws(GraphError) -> Graph {
    var builder = GraphBuilder(name: "norm")
    var sums: [ValueID] = []
    for parameter in parameters {
      builder.origin = Origin(parameter.path, block: parameter.block)
      let gradient = builder.trainingState(TrainingState.gradient(parameter.name), parameter)
      builder.output(TrainingState.gradient(parameter.name), gradient, isState: true)
      let square = try builder.multiply(gradient, gradient)
      // By rows first, so that several threads have a share.
      let inner = Array(parameter.dimensions.indices.dropFirst())
      var sum = square
      for axes in [inner, [0]] where !axes.isEmpty {
        sum = try builder.append(.reduce(.sum, axes: axes), [sum])
      }
      sums.append(try builder.reshape(sum, [1]))
    }
    builder.origin = Origin("training.clip")
    builder.output("squares", try builder.concat(sums, axis: 0))
    return builder.graph
  }

  /// One step of the optimiser over all parameters, in place.
  ///
  /// States: each parameter under its own name, and those of `TrainingState`. Inputs, each one
  /// number: `gradient_scale`, which every gradient is multiplied by, and `rate`; with AdamW
  /// `rate` is the learning rate over the bias correction of the first moment, `deviation_scale`
  /// 1 over the root of that of the second, and `decay` the share of a parameter that stays.
  /// - Throws: `GraphError` when the spec has no training.
  package static func update(
    _ spec: ModelSpec, _ parameters: [ParameterDeclaration]
  ) throws(GraphError) -> Graph {
    guard let training = spec.training else { throw GraphError("the spec has no training") }
    var builder = GraphBuilder(name: "update")
    builder.origin = Origin("training.optimizer")
    let scale = builder.input("gradient_scale", .f32([]))
    let rate = builder.input("rate", .f32([]))
    var decay = rate
    var deviationScale = rate
    if case .adamW = training.optimizer {
      decay = builder.input("decay", .f32([]))
      deviationScale = builder.input("deviation_scale", .f32([]))
    }
    for parameter in parameters {
      builder.origin = Origin(parameter.path, block: parameter.block)
      let name = parameter.name
      let value = builder.trainingState(name, parameter)
      let sum = builder.trainingState(TrainingState.gradient(name), parameter)
      builder.output(TrainingState.gradient(name), sum, isState: true)
      let gradient = try builder.multiply(sum, scale)
      var next: ValueID
      switch training.optimizer {
      case .sgd:
        next = try builder.subtract(value, builder.multiply(gradient, rate))
      case .adamW(let settings):
        let moments = try builder.moments(of: gradient, parameter, settings)
        let deviation = try builder.add(
          builder.multiply(builder.unary(.sqrt, moments.second), deviationScale),
          builder.scalar(settings.epsilon))
        let step = try builder.append(
          .binary(.divide), [builder.multiply(moments.first, rate), deviation])
        next = try builder.subtract(builder.multiply(value, decay), step)
      }
      builder.output(name, next, isState: true)
      if let share = training.ema {
        let average = builder.trainingState(TrainingState.average(name), parameter)
        builder.output(
          TrainingState.average(name), try builder.mixed(average, next, share: share),
          isState: true)
      }
    }
    return builder.graph
  }
}

extension GraphBuilder {
  /// A state of a parameter's shape.
  fileprivate mutating func trainingState(
    _ name: String, _ parameter: ParameterDeclaration
  ) -> ValueID {
    source(.state(name), .f32(parameter.dimensions))
  }

  /// The moments of a parameter after a step.
  fileprivate mutating func moments(
    of gradient: ValueID, _ parameter: ParameterDeclaration, _ settings: TrainingSpec.AdamW
  ) throws(GraphError) -> (first: ValueID, second: ValueID) {
    let firstName = TrainingState.firstMoment(parameter.name)
    let secondName = TrainingState.secondMoment(parameter.name)
    let first = try mixed(
      trainingState(firstName, parameter), gradient, share: settings.firstBeta)
    let second = try mixed(
      trainingState(secondName, parameter), multiply(gradient, gradient),
      share: settings.secondBeta)
    output(firstName, first, isState: true)
    output(secondName, second, isState: true)
    return (first, second)
  }

  /// `share · old + (1 - share) · new`.
  fileprivate mutating func mixed(
    _ old: ValueID, _ new: ValueID, share: Double
  ) throws(GraphError) -> ValueID {
    try add(multiply(old, scalar(share)), multiply(new, scalar(1 - share)))
  }
}
