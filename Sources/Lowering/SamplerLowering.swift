import GraphIR
import ModelSpec
import Schedules
import Tensors

/// What a step reads and replaces.
struct SamplerState {
  /// The latent.
  var latent: ValueID
  /// The estimate of the signal of the step before; nil where no step reads it.
  var estimate: ValueID?
  /// Standard normal noise; nil where no step adds any.
  var noise: ValueID?
}

/// A value with its factor at each step.
private struct Term {
  var factors: [Double]
  var value: ValueID
}

extension LoweringContext {
  /// `signalCoefficient · latent + noiseCoefficient · noise`.
  mutating func noised(
    _ latent: ValueID, _ noise: ValueID, _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    try at("diffusion") { context throws(GraphError) in
      let signal = try context.scaled(latent, by: trajectory.signalCoefficient)
      return try context.builder.add(
        signal, context.scaled(noise, by: trajectory.noiseCoefficient))
    }
  }

  /// The state after a step.
  mutating func step(
    _ denoiser: Denoiser, _ state: SamplerState, _ trajectory: SamplingTrajectory,
    guidance: Double
  ) throws(GraphError) -> SamplerState {
    let isGuided = guidance != 1
    let inputs = conditionInputs(
      timestep: try timestep(of: trajectory), isGuided: isGuided)
    let result = try denoise(denoiser, state.latent, inputs)
    var prediction = try mean(of: result, denoiser)
    if isGuided {
      prediction = try at("diffusion.guidance") { context throws(GraphError) in
        try context.guide(prediction, scale: guidance, denoiser)
      }
    }
    let variance = try variance(of: result, denoiser, trajectory.update)
    return try update(state, prediction, variance: variance, trajectory.update)
  }

  /// The first step of a trajectory, its loss noted between prediction and update.
  ///
  /// - Returns: The next latent.
  mutating func tracedStep(
    _ denoiser: Denoiser, _ latent: ValueID, _ noise: ValueID, _ signal: ValueID?,
    _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    let inputs = conditionInputs(timestep: try timestep(of: trajectory), isGuided: false)
    let result = try denoise(denoiser, latent, inputs)
    let prediction = try mean(of: result, denoiser)
    try at("training") { context throws(GraphError) in
      let target = try context.target(noise, signal, trajectory)
      let difference = try context.builder.subtract(prediction, target)
      context.probe(
        .loss, "difference", difference, .positions,
        [.value(prediction, .positions), .sign("-"), .value(target, .positions)])
      let square = try context.builder.multiply(difference, difference)
      let axes = Array(0..<context.builder.shape(square).rank)
      let loss = try context.builder.append(.reduce(.mean, axes: axes), [square])
      context.probe(.loss, "loss", loss, .scalar)
      context.builder.output("loss", loss)
    }
    let variance = try variance(of: result, denoiser, trajectory.update)
    // A first step has no history.
    var state = SamplerState(latent: latent)
    if trajectory.update.noise != nil {
      let input = builder.input("step_noise", builder.type(latent))
      probe(.denoise, "step_noise", input, .positions)
      state.noise = input
    }
    return try update(
      state, prediction, variance: variance, trajectory.update, isTraced: true
    ).latent
  }

  /// What the prediction should be.
  private mutating func target(
    _ noise: ValueID, _ signal: ValueID?, _ trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    switch spec.diffusion?.prediction {
    case .epsilon, nil: return noise
    case .velocity:
      let scaledNoise = try scaled(noise, by: trajectory.signalCoefficient)
      guard let signal else { return scaledNoise }
      return try builder.subtract(
        scaledNoise, scaled(signal, by: trajectory.noiseCoefficient))
    case .sample:
      if let signal { return signal }
      return try scaled(noise, by: 0)
    case .flow:
      guard let signal else { return noise }
      return try builder.subtract(noise, signal)
    }
  }

  private mutating func timestep(
    of trajectory: SamplingTrajectory
  ) throws(GraphError) -> ValueID {
    try at("diffusion.sampler") { context throws(GraphError) in
      let row = try context.row(of: trajectory.timesteps)
      return try context.builder.reshape(row, [1])
    }
  }

  /// The channels of a prediction that stand for the mean.
  mutating func mean(
    of prediction: ValueID, _ denoiser: Denoiser
  ) throws(GraphError) -> ValueID {
    if denoiser.finalLayer.outChannels == denoiser.latent.channels { return prediction }
    return try at("diffusion.variance") { context throws(GraphError) in
      try context.builder.slice(
        prediction, axis: 1, start: 0, count: denoiser.latent.channels)
    }
  }

  /// The channels of a prediction with the condition that stand for the variance; nil where no
  /// step reads them.
  private mutating func variance(
    of prediction: ValueID, _ denoiser: Denoiser, _ update: SamplerUpdate
  ) throws(GraphError) -> ValueID? {
    guard update.noise?.slope.isEmpty == false else { return nil }
    return try at("diffusion.variance") { context throws(GraphError) in
      let conditional = try context.builder.slice(
        prediction, axis: 0, start: 0, count: context.batch)
      let channels = denoiser.latent.channels
      return try context.builder.slice(conditional, axis: 1, start: channels, count: channels)
    }
  }

  /// `unconditional + scale (conditional - unconditional)`; past the guided channels the scale is 1.
  ///
  /// - Source: Ho and Salimans, Classifier-Free Diffusion Guidance (arXiv 2207.12598), equation 6,
  ///   with scale = 1 + w.
  private mutating func guide(
    _ prediction: ValueID, scale: Double, _ denoiser: Denoiser
  ) throws(GraphError) -> ValueID {
    let conditional = try builder.slice(prediction, axis: 0, start: 0, count: batch)
    let unconditional = try builder.slice(prediction, axis: 0, start: batch, count: batch)
    let direction = try builder.subtract(conditional, unconditional)
    let channels = denoiser.latent.channels
    let guided = spec.diffusion?.guidanceChannels ?? channels
    var factor = builder.scalar(scale)
    if guided < channels {
      let extents = [channels] + denoiser.latent.dimensions.dropFirst().map { _ in 1 }
      factor = builder.constant(
        Tensor(extents, (0..<channels).map { $0 < guided ? Float(scale) : 1 }))
    }
    return try builder.add(unconditional, builder.multiply(direction, factor))
  }

  private mutating func scaled(
    _ x: ValueID, by coefficient: Double
  ) throws(GraphError) -> ValueID {
    coefficient == 1 ? x : try builder.multiply(x, builder.scalar(coefficient))
  }

  /// The current step's entry of a table over the steps: a scalar.
  private mutating func row(of values: [Double]) throws(GraphError) -> ValueID {
    let table = builder.constant(Tensor([values.count], values.map(Float.init)))
    return try builder.append(.stepRow, [table])
  }
}

extension LoweringContext {
  /// The sampler's update; `SamplerUpdate` has the formula.
  ///
  /// - Parameters:
  ///   - variance: The channels that the noise's exponent reads.
  ///   - isTraced: Whether the first step's numbers are noted for a trace.
  private mutating func update(
    _ state: SamplerState, _ prediction: ValueID, variance: ValueID?, _ update: SamplerUpdate,
    isTraced: Bool = false
  ) throws(GraphError) -> SamplerState {
    try at("diffusion.sampler") { context throws(GraphError) in
      var terms = [
        Term(factors: update.latent, value: state.latent),
        Term(factors: update.prediction, value: prediction),
      ]
      var next = state
      if let form = update.estimate {
        let inner = [
          Term(factors: form.latent, value: state.latent),
          Term(factors: form.prediction, value: prediction),
        ]
        var estimate = try context.sum(inner)
        if let limit = form.limit {
          estimate = try context.builder.binary(
            .maximum,
            context.builder.binary(.minimum, estimate, context.builder.scalar(limit)),
            context.builder.scalar(-limit))
        }
        if isTraced { context.probe(.denoise, "estimated_signal", estimate, .positions) }
        terms.append(Term(factors: form.factor, value: estimate))
        if let previous = state.estimate {
          terms.append(Term(factors: form.previousFactor, value: previous))
          next.estimate = estimate
        }
      }
      next.latent = try context.sum(terms)
      var equation = terms
      if let noise = update.noise, let drawn = state.noise {
        let added = try context.scaledNoise(noise, drawn, variance)
        if isTraced { context.probe(.denoise, "added_noise", added, .positions) }
        next.latent = try context.builder.add(next.latent, added)
        equation.append(Term(factors: [1], value: added))
      }
      if isTraced {
        context.probe(
          .denoise, "denoised_latent", next.latent, .positions, equation.firstStepEquation)
      }
      return next
    }
  }

  /// The sum of values times their factors at the current step; a value that no step reads is left
  /// out.
  private mutating func sum(_ terms: [Term]) throws(GraphError) -> ValueID {
    var result: ValueID?
    for term in terms where term.factors.contains(where: { $0 != 0 }) {
      let value = try builder.multiply(term.value, row(of: term.factors))
      if let sum = result { result = try builder.add(sum, value) } else { result = value }
    }
    if let result { return result }
    return try builder.multiply(terms[0].value, builder.scalar(0))
  }

  /// The noise that a step adds.
  private mutating func scaledNoise(
    _ noise: SamplerUpdate.Noise, _ drawn: ValueID, _ variance: ValueID?
  ) throws(GraphError) -> ValueID {
    let scaled = try builder.multiply(drawn, row(of: noise.scale))
    guard let variance else { return scaled }
    let exponent = try builder.multiply(variance, row(of: noise.slope))
    return try builder.multiply(scaled, builder.unary(.exp, exponent))
  }
}

extension [Term] {
  /// The sum as the first step works it out, for a trace.
  fileprivate var firstStepEquation: [Probe.Term] {
    var equation: [Probe.Term] = []
    for term in self {
      guard let factor = term.factors.first, factor != 0 else { continue }
      if !equation.isEmpty { equation.append(.sign(factor < 0 ? "-" : "+")) }
      let shown = equation.isEmpty ? factor : abs(factor)
      equation += [.factor(shown), .value(term.value, .positions)].compactMap(\.self)
    }
    return equation
  }
}
