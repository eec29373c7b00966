/// What a run's steps begin with and lead to.
struct NoisePath {
  /// What the model is told at each step.
  var timesteps: [Double]
  /// Where each step begins.
  var levels: [NoiseLevel]
  /// Where each step leads.
  var nextLevels: [NoiseLevel]

  /// Steps that each lead to where the next one begins.
  init(timesteps: [Double], levels: [NoiseLevel], end: NoiseLevel) {
    self.init(timesteps: timesteps, levels: levels, nextLevels: levels.dropFirst() + [end])
  }

  init(timesteps: [Double], levels: [NoiseLevel], nextLevels: [NoiseLevel]) {
    self.timesteps = timesteps
    self.levels = levels
    self.nextLevels = nextLevels
  }

  /// The number of steps.
  var count: Int { timesteps.count }

  /// Leaves the first steps out.
  mutating func removeFirst(_ count: Int) {
    timesteps.removeFirst(count)
    levels.removeFirst(count)
    nextLevels.removeFirst(count)
  }
}

extension Sampler {
  /// The most steps of a run.
  ///
  /// - Parameter schedule: The schedule; `subtract` needs none.
  package func maximumStepCount(_ schedule: NoiseSchedule?) -> Int {
    switch (self, schedule) {
    case (.subtract(let start), _): return start + 1
    case (.dpmSolver(let settings), .betas(let schedule)?):
      if settings.sigmas == .karras { return schedule.trainSteps }
      // One more point than steps is spaced, the last one left out.
      let isWhole = settings.spacing == .trailing && settings.lambdaMinClipped == nil
      return settings.usedTrainSteps(of: schedule) - (isWhole ? 0 : 1)
    case (.ddim, _), (.ddpm, _), (.dpmSolver, _), (.euler, _): return schedule?.trainSteps ?? 0
    }
  }

  /// The training timesteps of a run over a chain of betas, descending; empty for other samplers.
  ///
  /// - Parameter steps: Within `maximumStepCount`.
  package func trainTimesteps(of schedule: BetaSchedule, steps: Int) -> [Int] {
    let total = schedule.trainSteps
    switch self {
    case .ddim(let settings):
      return settings.spacing.timesteps(
        total: total, trainSteps: total, steps: steps, offset: settings.stepsOffset,
        keepsFirst: true)
    case .ddpm(let settings):
      return settings.spacing.timesteps(
        total: total, trainSteps: total, steps: steps, offset: settings.stepsOffset,
        keepsFirst: true)
    case .dpmSolver(let settings):
      return settings.spacing.timesteps(
        total: settings.usedTrainSteps(of: schedule), trainSteps: total, steps: steps,
        offset: settings.stepsOffset, keepsFirst: false)
    case .euler, .subtract: return []
    }
  }

  /// The path of a run; nil where a timestep lies outside the schedule, or the two do not fit.
  func path(_ schedule: NoiseSchedule?, steps: Int, tokenCount: Int) -> NoisePath? {
    switch (self, schedule) {
    case (.subtract(let start), _):
      // Signal and noise are added as they are.
      let level = NoiseLevel(signal: 1, noise: 1)
      return NoisePath(
        timesteps: (0..<steps).map { Double(start - $0) },
        levels: [NoiseLevel](repeating: level, count: steps), end: level)
    case (.ddim(let settings), .betas(let schedule)?):
      let levels = schedule.signalLevels
      let timesteps = trainTimesteps(of: schedule, steps: steps)
      guard timesteps.allSatisfy(levels.indices.contains) else { return nil }
      let stride = schedule.trainSteps / steps
      let end = settings.setAlphaToOne ? 1 : levels[0]
      return NoisePath(
        timesteps: timesteps.map(Double.init),
        levels: timesteps.map { NoiseLevel(variancePreserving: levels[$0]) },
        nextLevels: timesteps.map {
          NoiseLevel(variancePreserving: $0 < stride ? end : levels[$0 - stride])
        })
    case (.ddpm, .betas(let schedule)?):
      let levels = schedule.signalLevels
      let timesteps = trainTimesteps(of: schedule, steps: steps)
      guard timesteps.allSatisfy(levels.indices.contains) else { return nil }
      return NoisePath(
        timesteps: timesteps.map(Double.init),
        levels: timesteps.map { NoiseLevel(variancePreserving: levels[$0]) }, end: .clean)
    case (.dpmSolver(let settings), .betas(let schedule)?):
      return settings.path(
        schedule, timesteps: trainTimesteps(of: schedule, steps: steps), steps: steps)
    case (.dpmSolver, .flow(let schedule)?):
      // The same line without its noisiest point, where no signal is left.
      let sigmas = evenlySpaced(1, 1 / Double(schedule.trainSteps), count: steps + 1).map {
        schedule.shifted(1 - $0, tokenCount: tokenCount)
      }
      let begun = sigmas.dropFirst().reversed()
      return NoisePath(
        timesteps: begun.map { ($0 * Double(schedule.trainSteps)).rounded(.down) },
        levels: begun.map { NoiseLevel(flow: $0) }, end: .clean)
    case (.euler(let settings), .flow(let schedule)?):
      let sigmas = settings.sigmas(of: schedule, steps: steps, tokenCount: tokenCount)
      return NoisePath(
        timesteps: sigmas.map { $0 * Double(schedule.trainSteps) },
        levels: sigmas.map { NoiseLevel(flow: $0) }, end: .clean)
    case (.ddim, _), (.ddpm, _), (.dpmSolver, _), (.euler, _): return nil
    }
  }
}

extension Sampler.Euler {
  /// The σ at which the steps of a run begin, descending.
  fileprivate func sigmas(
    of schedule: FlowSchedule, steps: Int, tokenCount: Int
  ) -> [Double] {
    let (first, last) =
      spacing == .trailing ? (1, 1 / Double(steps)) : schedule.ends(tokenCount: tokenCount)
    let sigmas = evenlySpaced(first, last, count: steps).map {
      schedule.shifted($0, tokenCount: tokenCount)
    }
    guard let shiftTerminal, let end = sigmas.last, end < 1 else { return sigmas }
    let scale = (1 - end) / (1 - shiftTerminal)
    return sigmas.map { 1 - (1 - $0) / scale }
  }
}

extension Sampler.DPMSolver {
  /// The share of signal variance of each training timestep; where none would be left, so little
  /// that its logarithm is finite.
  private func signalLevels(of schedule: BetaSchedule) -> [Double] {
    var levels = schedule.signalLevels
    // The smallest half-precision number, as diffusers does.
    if schedule.zeroTerminalSNR { levels[levels.count - 1] = 0x1p-24 }
    return levels
  }

  /// How many of the first training timesteps have at least the least logarithm of signal over
  /// noise.
  fileprivate func usedTrainSteps(of schedule: BetaSchedule) -> Int {
    guard let lambdaMinClipped else { return schedule.trainSteps }
    return signalLevels(of: schedule).count {
      NoiseLevel(variancePreserving: $0).logRatio >= lambdaMinClipped
    }
  }

  fileprivate func path(
    _ schedule: BetaSchedule, timesteps: [Int], steps: Int
  ) -> NoisePath? {
    let signalLevels = signalLevels(of: schedule)
    let end =
      switch finalSigma {
      case .zero: NoiseLevel.clean
      case .minimum: NoiseLevel(variancePreserving: signalLevels[0])
      }
    switch sigmas {
    case .schedule:
      guard timesteps.allSatisfy(signalLevels.indices.contains) else { return nil }
      return NoisePath(
        timesteps: timesteps.map(Double.init),
        levels: timesteps.map { NoiseLevel(variancePreserving: signalLevels[$0]) }, end: end)
    case .karras:
      let table = signalLevels.map { ((1 - $0) / $0).squareRoot() }
      guard let least = table.first, let greatest = table.last, least > 0 else { return nil }
      let rho = 7.0
      let sigmas = evenlySpaced(0, 1, count: steps).map { share in
        let (start, end) = (power(greatest, 1 / rho), power(least, 1 / rho))
        return power(start + share * (end - start), rho)
      }
      let logs = table.map(logarithm)
      return NoisePath(
        timesteps: sigmas.map {
          let timestep = Self.timestep(of: logarithm($0), in: logs)
          return timestep.rounded(
            schedule.curve == .squaredCosine ? .down : .toNearestOrEven)
        },
        levels: sigmas.map {
          let signal = 1 / ($0 * $0 + 1).squareRoot()
          return NoiseLevel(signal: signal, noise: $0 * signal)
        }, end: end)
    }
  }

  /// The place of a value in an ascending table, by linear interpolation.
  private static func timestep(of value: Double, in table: [Double]) -> Double {
    if table.count < 2 { return 0 }
    let low = min(max(table.count { $0 <= value } - 1, 0), table.count - 2)
    let share = (value - table[low]) / (table[low + 1] - table[low])
    return Double(low) + min(max(share, 0), 1)
  }
}
