import CKernels
import Glibc

/// The element-wise functions of one operand in double precision.
func exactUnary(_ op: dth_op, _ x: Double) -> Double {
  switch op {
  case DTH_COPY: return x
  case DTH_NEGATE: return -x
  case DTH_EXP: return exp(x)
  case DTH_SQRT: return x.squareRoot()
  case DTH_RSQRT: return 1 / x.squareRoot()
  case DTH_SIN: return sin(x)
  case DTH_COS: return cos(x)
  case DTH_TANH: return tanh(x)
  case DTH_SIGMOID: return 1 / (1 + exp(-x))
  case DTH_FLOOR: return x.rounded(.down)
  case DTH_STEP: return x > 0 ? 1 : 0
  case DTH_RELU: return x < 0 ? 0 : x
  // erfc, since 1 + erf loses all digits far below zero.
  case DTH_GELU: return x / 2 * erfc(-x / 2.0.squareRoot())
  case DTH_GELU_TANH:
    // 1 + tanh u = 2 / (1 + e^-2u), for the same reason.
    return x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case DTH_GELU_TANH_SLOPE:
    // s + x s (1 - s) du/dx with s = 1 / (1 + e^-u).
    let rate = 2 * (2 / Double.pi).squareRoot()
    let s = 1 / (1 + exp(-rate * (x + 0.044715 * x * x * x)))
    return s == 0 || s == 1 ? s : s + x * s * (1 - s) * rate * (1 + 3 * 0.044715 * x * x)
  case DTH_GELU_QUICK: return x / (1 + exp(-1.702 * x))
  case DTH_SILU: return x / (1 + exp(-x))
  default: fatalError("not an operation of one operand")
  }
}

/// The element-wise functions of two operands in double precision.
func exactBinary(_ op: dth_op, _ x: Double, _ y: Double) -> Double {
  switch op {
  case DTH_ADD: return x + y
  case DTH_SUBTRACT: return x - y
  case DTH_MULTIPLY: return x * y
  case DTH_DIVIDE: return x / y
  case DTH_MAXIMUM: return x.isNaN || y.isNaN ? .nan : Swift.max(x, y)
  case DTH_MINIMUM: return x.isNaN || y.isNaN ? .nan : Swift.min(x, y)
  default: fatalError("not an operation of two operands")
  }
}

/// Every operation of one operand.
let unaryOps: [dth_op] = [
  DTH_COPY, DTH_NEGATE, DTH_EXP, DTH_SQRT, DTH_RSQRT, DTH_SIN, DTH_COS, DTH_TANH, DTH_SIGMOID,
  DTH_FLOOR, DTH_STEP, DTH_RELU, DTH_GELU, DTH_GELU_TANH,
  DTH_GELU_TANH_SLOPE, DTH_GELU_QUICK, DTH_SILU,
]

/// Every operation of two operands.
let binaryOps: [dth_op] = [
  DTH_ADD, DTH_SUBTRACT, DTH_MULTIPLY, DTH_DIVIDE, DTH_MAXIMUM, DTH_MINIMUM,
]
