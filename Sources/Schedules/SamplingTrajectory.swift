/// A run's steps as coefficients: what a step graph needs of a sampler.
///
/// A run over a picture starts at `signalCoefficient · signal + noiseCoefficient · noise`, any other
/// at noise alone.
package struct SamplingTrajectory: Sendable, Hashable {
  /// What the model is told at each step, descending.
  package var timesteps: [Double]
  /// How each step makes the next latent.
  package var update: SamplerUpdate
  /// The factor of the signal where the first step starts.
  package var signalCoefficient: Double
  /// The factor of the noise where the first step starts.
  package var noiseCoefficient: Double
}

extension SamplingTrajectory {
  /// The trajectory of a sampler.
  ///
  /// - Parameters:
  ///   - schedule: The noise schedule; `subtract` needs none.
  ///   - steps: The number of steps of a whole run, from 1 to the sampler's `maximumStepCount`.
  ///   - strength: The share of the steps that is run, in `(0, 1]`: 1 starts from noise alone.
  ///   - tokenCount: The tokens of a picture, on which a dynamic shift depends.
  ///   - timestep: What the model is told at the first step that is kept; nil keeps all.
  /// - Returns: The trajectory, or nil when the arguments are out of range, the sampler cannot use
  ///   the prediction or the schedule, or no step sees the timestep.
  package init?(
    _ sampler: Sampler, schedule: NoiseSchedule?, prediction: Prediction, steps: Int,
    strength: Double = 1, tokenCount: Int = 1, startingAt timestep: Double? = nil
  ) {
    guard sampler.kind.predictions.contains(prediction),
      (prediction == .flow) == (schedule?.isFlow ?? false),
      steps >= 1, steps <= sampler.maximumStepCount(schedule), strength > 0, strength <= 1,
      var path = sampler.path(schedule, steps: steps, tokenCount: tokenCount)
    else { return nil }
    let wholeCount = path.count
    path.removeFirst(
      wholeCount - max(1, Int((Double(wholeCount) * strength).rounded(.down))))
    if let timestep {
      guard let index = path.timesteps.firstIndex(of: timestep) else { return nil }
      path.removeFirst(index)
    }
    let samplerSteps = sampler.steps(along: path, prediction, wholeCount: wholeCount)
    self.init(
      timesteps: path.timesteps,
      update: SamplerUpdate(samplerSteps, limit: sampler.clipSample),
      signalCoefficient: path.levels[0].signal, noiseCoefficient: path.levels[0].noise)
  }
}
