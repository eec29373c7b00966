import Glibc
import GraphIR
import Tensors

extension UnaryOp {
  /// The function at a point.
  package func evaluate(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .exp: Glibc.exp(x)
    case .sqrt: x.squareRoot()
    case .rsqrt: 1 / x.squareRoot()
    case .sin: Glibc.sin(x)
    case .cos: Glibc.cos(x)
    case .tanh: Glibc.tanh(x)
    case .sigmoid: 1 / (1 + Glibc.exp(-x))
    case .floor: Glibc.floor(x)
    case .step: x > 0 ? 1 : 0
    case .relu: max(x, 0)
    case .gelu: x / 2 * (1 + Glibc.erf(x / 2.0.squareRoot()))
    case .geluTanh:
      x / 2 * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .geluTanhSlope: slopeOfGELUTanh(x)
    case .geluQuick: x / (1 + Glibc.exp(-1.702 * x))
    case .silu: x / (1 + Glibc.exp(-x))
    }
  }
}

/// `(1 + t)/2 + x/2 (1 - t²) u'` with `t = tanh u`, `u = √(2/π) (x + 0.044715 x³)`.
private func slopeOfGELUTanh(_ x: Double) -> Double {
  let root = (2 / Double.pi).squareRoot()
  // Where tanh is 1 the square of a large x would be infinite.
  let x = min(max(x, -100), 100)
  let t = Glibc.tanh(root * (x + 0.044715 * x * x * x))
  return (1 + t) / 2 + x / 2 * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x)
}

extension BinaryOp {
  /// The function at a point.
  package func evaluate(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    }
  }
}

extension ReferenceTensor {
  /// A function of each element.
  func map(_ function: (Double) -> Double) -> ReferenceTensor {
    ReferenceTensor(shape, values.map(function))
  }

  /// A function of each pair of elements, broadcasting.
  ///
  /// - Precondition: The shapes broadcast.
  func combined(
    with other: ReferenceTensor, _ function: (Double, Double) -> Double
  ) -> ReferenceTensor {
    guard let target = shape.broadcast(with: other.shape) else {
      preconditionFailure("\(shape) and \(other.shape) do not broadcast")
    }
    let (a, b) = (broadcast(to: target), other.broadcast(to: target))
    return ReferenceTensor(target, zip(a.values, b.values).map(function))
  }
}
