/// How the timesteps of a run are chosen from those of training.
package enum TimestepSpacing: String, Sendable, Hashable, CaseIterable {
  /// Multiples of a whole stride.
  case leading
  /// Counted back from the end of training.
  case trailing
  /// Evenly spaced, both ends included.
  case linspace
  /// As `linspace`, the positions summed up and rounded half to even.
  ///
  /// - Source: `space_timesteps` of Peebles and Xie's implementation, for a count without `ddim`.
  case respaced
}

extension TimestepSpacing {
  /// The timesteps of a run, descending.
  ///
  /// The arithmetic is numpy's, step by step, because ties in rounding depend on it.
  ///
  /// - Parameters:
  ///   - total: The timesteps of training, or those of them that are used.
  ///   - trainSteps: The timesteps of training.
  ///   - steps: How many are wanted. `trailing` gives fewer where `total` is less than `trainSteps`.
  ///   - offset: What is added to `leading` timesteps.
  ///   - keepsFirst: Whether `leading` and `linspace` take the first timestep of training; without,
  ///     a run ends one stride before it.
  func timesteps(
    total: Int, trainSteps: Int, steps: Int, offset: Int, keepsFirst: Bool
  ) -> [Int] {
    let points = keepsFirst ? steps : steps + 1
    let kept = (points - steps)..<points
    switch self {
    case .leading:
      let stride = total / points
      return kept.reversed().map { $0 * stride + offset }
    case .trailing:
      let (start, stride) = (Double(total), Double(trainSteps) / Double(steps))
      let difference = (start - stride) - start
      let count = min(steps, Int((start / stride).rounded(.up)))
      return (0..<count).map {
        Int((start + Double($0) * difference).rounded(.toNearestOrEven)) - 1
      }
    case .linspace:
      let positions = evenlySpaced(0, Double(total - 1), count: points)
      return kept.reversed().map { Int(positions[$0].rounded(.toNearestOrEven)) }
    case .respaced:
      let stride = points == 1 ? 1 : Double(total - 1) / Double(points - 1)
      var position = 0.0
      let positions = (0..<points).map { _ in
        defer { position += stride }
        return Int(position.rounded(.toNearestOrEven))
      }
      return kept.reversed().map { positions[$0] }
    }
  }
}

/// Numbers from `first` to `last`, both included; `first` alone where there is one.
func evenlySpaced(_ first: Double, _ last: Double, count: Int) -> [Double] {
  if count == 1 { return [first] }
  let stride = (last - first) / Double(count - 1)
  return (0..<count).map { $0 == count - 1 ? last : first + Double($0) * stride }
}
