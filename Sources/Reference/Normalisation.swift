import Glibc
import GraphIR
import Tensors

extension ReferenceTensor {
  /// `exp(x - max x) / sum exp(x - max x)` over the last axis.
  var softmax: ReferenceTensor {
    let values = rows.flatMap { row in
      let maximum = row.reduce(-.infinity, max)
      let powers = row.map { exp($0 - maximum) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
    return ReferenceTensor(shape, values)
  }

  /// `(x - mean x) / sqrt(variance x + epsilon)` over the last axis; biased variance.
  func layerNorm(epsilon: Double) -> ReferenceTensor {
    let values = rows.flatMap { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }
    return ReferenceTensor(shape, values)
  }

  /// `x / sqrt(mean x² + epsilon)` over the last axis.
  func rmsNorm(epsilon: Double) -> ReferenceTensor {
    let values = rows.flatMap { row in
      let mean = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
      return row.map { $0 / (mean + epsilon).squareRoot() }
    }
    return ReferenceTensor(shape, values)
  }

  /// `layerNorm` over each run of neighbouring channels, axis 1, and all axes after it.
  func groupNorm(groups: Int, epsilon: Double) -> ReferenceTensor {
    let rows = shape[0] * groups
    return reshaped([rows, shape.elementCount / rows]).layerNorm(epsilon: epsilon)
      .reshaped(shape)
  }

  /// The sum, mean or largest of the elements along some axes.
  func reduced(_ function: ReduceOp, axes: [Int]) -> ReferenceTensor {
    let kept = (0..<shape.rank).filter { !axes.contains($0) }
    let groups = permuted(kept + axes)
    let target = Shape(kept.map { shape[$0] })
    let width = axes.reduce(1) { $0 * shape[$1] }
    let values = groups.reshaped(Shape(target.dimensions + [width])).rows.map { group in
      switch function {
      case .sum: group.reduce(0, +)
      case .mean: group.reduce(0, +) / Double(width)
      case .max: group.reduce(-.infinity, max)
      }
    }
    return ReferenceTensor(target, values)
  }
}

/// `(dy - sum(dy y)) y` over the last axis.
func softmaxGradient(_ y: ReferenceTensor, _ dy: ReferenceTensor) -> ReferenceTensor {
  let last = [y.shape.rank - 1]
  let kept = Shape(y.shape.dimensions.dropLast() + [1])
  let sum = dy.combined(with: y, *).reduced(.sum, axes: last).reshaped(kept)
  return dy.combined(with: sum, -).combined(with: y, *)
}

/// `(g - mean g - y mean(g y)) / sqrt(variance x + epsilon)` over the last axis, `y = layerNorm(x)`.
func normGradient(_ x: ReferenceTensor, _ g: ReferenceTensor, epsilon: Double) -> ReferenceTensor {
  let last = [x.shape.rank - 1]
  let kept = Shape(x.shape.dimensions.dropLast() + [1])
  func mean(_ value: ReferenceTensor) -> ReferenceTensor {
    value.reduced(.mean, axes: last).reshaped(kept)
  }
  let y = x.layerNorm(epsilon: epsilon)
  let centred = x.combined(with: mean(x), -)
  let deviation = mean(centred.combined(with: centred, *)).map { ($0 + epsilon).squareRoot() }
  let projection = y.combined(with: mean(g.combined(with: y, *)), *)
  return g.combined(with: mean(g), -).combined(with: projection, -)
    .combined(with: deviation, /)
}
