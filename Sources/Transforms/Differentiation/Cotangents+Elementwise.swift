import GraphIR
import Tensors

extension Cotangents {
  /// `dy f'(x)`, or nil where `f'` is zero everywhere.
  ///
  /// `f'` is written with `y = f(x)` where that is cheaper.
  mutating func unary(
    _ function: UnaryOp, _ x: ValueID, _ y: ValueID, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID? {
    switch function {
    case .floor, .step:
      return nil
    case .negate:
      return try builder.unary(.negate, cotangent)
    case .exp:
      return try builder.multiply(cotangent, y)
    case .sqrt:
      // 1/2 / y
      return try builder.binary(.divide, builder.multiply(cotangent, by: 0.5), y)
    case .rsqrt:
      // -1/2 y³
      let cube = try builder.multiply(builder.multiply(y, y), y)
      return try builder.multiply(builder.multiply(cotangent, by: -0.5), cube)
    case .sin:
      return try builder.multiply(cotangent, builder.unary(.cos, x))
    case .cos:
      return try builder.unary(.negate, builder.multiply(cotangent, builder.unary(.sin, x)))
    case .tanh:
      return try builder.multiply(cotangent, oneMinusSquare(y))
    case .sigmoid:
      let complement = try builder.subtract(builder.scalar(1), y)
      return try builder.multiply(cotangent, builder.multiply(y, complement))
    case .relu:
      return try builder.multiply(cotangent, builder.unary(.step, x))
    case .gelu:
      return try builder.multiply(cotangent, geluDerivative(x, y))
    case .geluTanh:
      return try builder.multiply(cotangent, builder.unary(.geluTanhSlope, x))
    case .geluTanhSlope:
      return try builder.multiply(cotangent, geluTanhCurvature(x))
    case .geluQuick:
      let sigmoid = try builder.unary(.sigmoid, builder.multiply(x, by: 1.702))
      let slope = try builder.multiply(y, by: 1.702)
      return try builder.multiply(cotangent, swishDerivative(slope, sigmoid))
    case .silu:
      return try builder.multiply(cotangent, swishDerivative(y, builder.unary(.sigmoid, x)))
    }
  }

  /// What a function of two operands passes on to one of them, before broadcasting is undone.
  ///
  /// Equal operands of `maximum` and `minimum` share the cotangent.
  mutating func binary(
    _ function: BinaryOp, _ place: Int, _ a: ValueID, _ b: ValueID, _ y: ValueID,
    _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    switch (function, place) {
    case (.add, _), (.subtract, 0):
      return cotangent
    case (.subtract, _):
      return try builder.unary(.negate, cotangent)
    case (.multiply, _):
      return try builder.multiply(cotangent, place == 0 ? b : a)
    case (.divide, 0):
      return try builder.binary(.divide, cotangent, b)
    case (.divide, _):
      let quotient = try builder.binary(.divide, builder.multiply(cotangent, y), b)
      return try builder.unary(.negate, quotient)
    case (.maximum, 0), (.minimum, 1):
      return try builder.multiply(cotangent, share(of: a, over: b))
    case (.maximum, _), (.minimum, _):
      return try builder.multiply(cotangent, share(of: b, over: a))
    }
  }

  /// 1 where `a > b`, 1/2 where they are equal, else 0.
  private mutating func share(
    of a: ValueID, over b: ValueID
  ) throws(GraphError) -> ValueID {
    let above = try builder.unary(.step, builder.subtract(a, b))
    let below = try builder.unary(.step, builder.subtract(b, a))
    let half = try builder.multiply(builder.subtract(above, below), by: 0.5)
    return try builder.add(half, builder.scalar(0.5))
  }

  private mutating func oneMinusSquare(_ x: ValueID) throws(GraphError) -> ValueID {
    try builder.subtract(builder.scalar(1), builder.multiply(x, x))
  }

  /// The derivative `s + a y (1 - s)` of `y = x s` with `s = sigmoid(a x)`; `slope` is `a y`.
  private mutating func swishDerivative(
    _ slope: ValueID, _ sigmoid: ValueID
  ) throws(GraphError) -> ValueID {
    let complement = try builder.subtract(builder.scalar(1), sigmoid)
    return try builder.add(sigmoid, builder.multiply(slope, complement))
  }

  /// `Φ(x) + x φ(x)`, with the normal distribution's `Φ` and density `φ`.
  ///
  /// `Φ(x) = gelu(x) / x`; at 0, where it is 1/2, numerator and denominator are replaced.
  private mutating func geluDerivative(
    _ x: ValueID, _ y: ValueID
  ) throws(GraphError) -> ValueID {
    let negated = try builder.unary(.negate, x)
    let isNotZero = try builder.add(builder.unary(.step, x), builder.unary(.step, negated))
    let isZero = try builder.subtract(builder.scalar(1), isNotZero)
    let numerator = try builder.add(y, builder.multiply(isZero, by: 0.5))
    let distribution = try builder.binary(.divide, numerator, builder.add(x, isZero))
    let exponent = try builder.multiply(builder.multiply(x, negated), by: 0.5)
    let density = try builder.multiply(
      builder.unary(.exp, exponent), by: 1 / (2 * Double.pi).squareRoot())
    return try builder.add(distribution, builder.multiply(x, density))
  }

  /// `(1 - t²) (u' + x/2 u'' - x t u'²)` with `t = tanh u`, `u = √(2/π) (x + 0.044715 x³)`.
  private mutating func geluTanhCurvature(_ x: ValueID) throws(GraphError) -> ValueID {
    let root = (2 / Double.pi).squareRoot()
    let square = try builder.multiply(x, x)
    let inner = try builder.add(builder.multiply(square, by: 0.044715), builder.scalar(1))
    let tangent = try builder.unary(
      .tanh, builder.multiply(builder.multiply(x, inner), by: root))
    // x/2 u'', and what makes it u'.
    let rise = try builder.multiply(square, by: 3 * 0.044715 * root)
    let slope = try builder.add(rise, builder.scalar(root))
    let fall = try builder.multiply(
      builder.multiply(x, tangent), builder.multiply(slope, slope))
    let sum = try builder.subtract(builder.add(slope, rise), fall)
    return try builder.multiply(oneMinusSquare(tangent), sum)
  }
}
