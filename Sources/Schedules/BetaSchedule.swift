/// A chain of training timesteps, each of which keeps `√(1 - beta)` of the signal.
package struct BetaSchedule: Sendable, Hashable {
  /// The curve of beta over the training timesteps.
  package enum Curve: String, Sendable, Hashable, CaseIterable {
    /// Evenly spaced from `betaStart` to `betaEnd`.
    case linear
    /// Squares of evenly spaced square roots.
    case scaledLinear = "scaled_linear"
    /// From a squared cosine for the signal that is left; ignores the two betas.
    case squaredCosine = "squared_cosine"
  }

  /// The curve.
  package var curve: Curve
  /// The number of training timesteps.
  package var trainSteps: Int
  /// The first beta.
  package var betaStart: Double
  /// The last beta.
  package var betaEnd: Double
  /// Whether the levels are stretched so that the last timestep has no signal left.
  package var zeroTerminalSNR: Bool

  /// A schedule.
  package init(
    curve: Curve = .linear, trainSteps: Int = 1000, betaStart: Double = 1e-4,
    betaEnd: Double = 0.02, zeroTerminalSNR: Bool = false
  ) {
    self.curve = curve
    self.trainSteps = trainSteps
    self.betaStart = betaStart
    self.betaEnd = betaEnd
    self.zeroTerminalSNR = zeroTerminalSNR
  }

  /// The product of `1 - beta` up to each training timestep: ᾱ.
  ///
  /// - Source: Ho et al., Denoising Diffusion Probabilistic Models (arXiv 2006.11239), section 2;
  ///   the cosine: Nichol and Dhariwal (arXiv 2102.09672), equation 17; the stretching: Lin et al.
  ///   (arXiv 2305.08891), algorithm 1.
  package var signalLevels: [Double] {
    var level = 1.0
    let levels = betas.map { beta in
      level *= 1 - beta
      return level
    }
    guard zeroTerminalSNR, let first = levels.first, let last = levels.last else { return levels }
    let (start, end) = (first.squareRoot(), last.squareRoot())
    // One timestep alone is the last.
    let scale = start == end ? 0 : start / (start - end)
    return levels.map {
      let root = ($0.squareRoot() - end) * scale
      return root * root
    }
  }

  private var betas: [Double] {
    func spaced(_ start: Double, _ end: Double) -> [Double] {
      (0..<trainSteps).map {
        trainSteps == 1 ? start : start + (end - start) * Double($0) / Double(trainSteps - 1)
      }
    }
    switch curve {
    case .linear: return spaced(betaStart, betaEnd)
    case .scaledLinear:
      return spaced(betaStart.squareRoot(), betaEnd.squareRoot()).map { $0 * $0 }
    case .squaredCosine:
      func level(_ fraction: Double) -> Double {
        let cosine = cosine((fraction + 0.008) / 1.008 * Double.pi / 2)
        return cosine * cosine
      }
      return (0..<trainSteps).map {
        let (start, end) = (Double($0), Double($0 + 1))
        return min(1 - level(end / Double(trainSteps)) / level(start / Double(trainSteps)), 0.999)
      }
    }
  }
}
