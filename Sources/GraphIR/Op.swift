import Tensors

/// An operation of one operand, element by element.
package enum UnaryOp: String, Sendable, Hashable, CaseIterable {
  case negate
  case exp
  case sqrt
  case rsqrt
  case sin
  case cos
  case tanh
  case sigmoid
  case floor
  /// 1 where the operand is above 0, else 0.
  case step
  case relu
  /// The exact form, `x/2 (1 + erf(x/√2))`.
  case gelu
  /// The tanh approximation of `gelu`.
  case geluTanh = "gelu_tanh"
  /// The derivative of `geluTanh`, which differentiation alone writes.
  case geluTanhSlope = "gelu_tanh_slope"
  /// The sigmoid approximation of `gelu`, `x / (1 + e^(-1.702 x))`.
  case geluQuick = "gelu_quick"
  case silu
}

/// An operation of two operands, element by element, broadcasting by NumPy's rule.
package enum BinaryOp: String, Sendable, Hashable, CaseIterable {
  case add
  case subtract
  case multiply
  case divide
  case maximum
  case minimum
}

/// A reduction over whole axes, which disappear from the shape.
package enum ReduceOp: String, Sendable, Hashable, CaseIterable {
  case sum
  case mean
  case max
}

/// One closed set of operations in two tiers.
///
/// Lowering emits primitive ops only. Passes alone create fused ops, but for the gradient of
/// attention, which differentiation writes where attention was fused before. Each fused op equals a
/// composition of primitives, stated here. `OpInfo` has a row per op.
package enum Op: Sendable, Hashable {
  // MARK: Sources

  /// A tensor that the caller provides for each run.
  case input(String)
  /// An input that the output of the same name, `isState`, replaces after each run.
  case state(String)
  /// A named parameter; several parts are concatenated along their first axis.
  case parameter([String])
  /// A literal.
  case constant(Tensor)
  /// A literal made by a formula.
  case table(Table)

  // MARK: Primitive

  /// The row of the current step: `[steps, ...] -> [...]`. The only address that changes from
  /// step to step.
  case stepRow
  /// `[..., m, k] · [..., k, n] -> [..., m, n]`; leading axes broadcast; the last two axes of an
  /// operand are read swapped where its flag is set.
  case matmul(transposeA: Bool, transposeB: Bool)
  /// Element-wise function of one operand.
  case unary(UnaryOp)
  /// Element-wise function of two operands.
  case binary(BinaryOp)
  /// `exp(x - max x) / sum exp(x - max x)` over the last axis.
  case softmax
  /// `(x - mean x) / sqrt(variance x + epsilon)` over the last axis; biased variance.
  case layerNorm(epsilon: Double)
  /// `x / sqrt(mean x² + epsilon)` over the last axis.
  case rmsNorm(epsilon: Double)
  /// `layerNorm` over each run of `channels / groups` neighbouring channels, axis 1, together with
  /// all axes after it.
  case groupNorm(groups: Int, epsilon: Double)
  /// Cross-correlation of images with kernels: `x [n, i, h, w], weight [o, i, kh, kw] ->
  /// [n, o, y, x]`, plus a bias `[o]` where there is a third operand.
  case convolution(Convolution)
  /// Every element of the last two of four axes repeated `factor` times along both.
  case upsample(factor: Int)
  /// Reduction over the given axes, ascending and not negative.
  case reduce(ReduceOp, axes: [Int])
  /// Rows of a table: `[rows, width], ids [...] -> [..., width]`.
  case gather
  /// The same elements in row-major order under another shape.
  case reshape([Int])
  /// The operand repeated to a shape by NumPy's rule.
  case broadcast([Int])
  /// Axis `i` of the result is axis `axes[i]` of the operand.
  case permute([Int])
  /// `count` entries of one axis from `start` on.
  case slice(axis: Int, start: Int, count: Int)
  /// Operands joined along one axis.
  case concat(axis: Int)
  /// `(dy - sum(dy y)) y`, the sum over the last axis; operands `y`, `dy` of one shape: what
  /// differentiation makes of a softmax `y`.
  case softmaxGradient
  /// `residual + (g - mean g - y mean(g y)) / sqrt(variance x + epsilon)` over the last axis, with
  /// `y = layerNorm(x)` and `g = dy · scale`; operands `x`, `dy` of one shape, then those that are
  /// announced: what differentiation makes of a norm, and with either of the latter passes alone. The
  /// scale broadcasts; the residual has the shape of `x`.
  case normGradient(epsilon: Double, scale: Bool, residual: Bool)

  // MARK: Fused

  /// `residual + gate * activation(x · weightᵀ + bias)`; operands `x [..., k]`, `weight [n, k]`,
  /// then those that the attributes announce.
  case linear(LinearEpilogue)
  /// A `linear` whose `x` is read through a reshape and a permutation.
  case patchLinear(PatchView, LinearEpilogue)
  /// `x * scale + shift`; operands in this order; the latter two broadcast.
  case affine
  /// `layerNorm(x) * scale + shift`; operands in this order; the latter two broadcast.
  case normAffine(epsilon: Double)
  /// `rmsNorm(x) * scale`; operands in this order; the latter broadcasts.
  case rmsNormScale(epsilon: Double)
  /// `activation(groupNorm(x) * scale + shift)`; operands `x`, then `scale` and `shift`
  /// `[channels]`, repeated over all axes but the second.
  case groupNormAffine(groups: Int, epsilon: Double, activation: UnaryOp?)
  /// `residual + activation(convolution(x, weight, bias))`; operands as in `linear`, without a gate;
  /// the residual has the result's shape.
  case convolutionEpilogue(Convolution, LinearEpilogue)
  /// The operand's elements, each the nearest number of `bf16`; the one result that always is of
  /// that type.
  case cast
  /// `residual + gate * x`; operands in this order; the gate broadcasts.
  case gatedAdd
  /// `sum(a · b)` over axes, ascending and not negative; the operands have one shape.
  case reduceProduct(axes: [Int])
  /// What differentiation makes of an `attention` of three operands; operands those, then `dy`. The
  /// result is flat: the elements of `dq`, of `dk`, of `dv`.
  case attentionGradient(heads: Int, scale: Double)
  /// `softmax(q kᵀ · scale) v` per head; operands `q`, `k`, `v` `[batch, tokens, heads * width]`,
  /// or one operand that holds the three side by side in its last axis.
  case attention(heads: Int, scale: Double)
  /// A straight line of element-wise operations; operands broadcast to the result.
  case chain(ElementwiseChain)
}

/// How a kernel is moved over an image.
package struct Convolution: Sendable, Hashable {
  /// From one result to the next, in rows and in columns; 1 or more.
  package var stride: [Int]
  /// The zeros above, below, left and right of the image; not negative.
  package var padding: [Int]

  /// A convolution.
  package init(stride: [Int] = [1, 1], padding: [Int] = [0, 0, 0, 0]) {
    self.stride = stride
    self.padding = padding
  }
}

/// What a `linear` does to a product before it is stored.
package struct LinearEpilogue: Sendable, Hashable {
  /// Whether a bias `[n]` follows the weight.
  package var bias: Bool
  /// The activation after the bias.
  package var activation: UnaryOp?
  /// Whether a gate follows; its rows each serve an equal, consecutive share of the result's rows
  /// (shape `[batch, 1, n]`, `[1, 1, n]` or `[n]`).
  package var gate: Bool
  /// Whether a residual follows; its shape is the result's, or a suffix of it that repeats.
  package var residual: Bool

  /// An epilogue.
  package init(
    bias: Bool = false, activation: UnaryOp? = nil, gate: Bool = false, residual: Bool = false
  ) {
    self.bias = bias
    self.activation = activation
    self.gate = gate
    self.residual = residual
  }

  /// The number of operands of a `linear` with this epilogue.
  package var operandCount: Int { 2 + (bias ? 1 : 0) + (gate ? 1 : 0) + (residual ? 1 : 0) }
}

/// A reading of an image as rows of patches.
///
/// Equals `reshape(split)`, `permute(order)`, `reshape(rows + [columns])`.
package struct PatchView: Sendable, Hashable {
  /// The image's shape with its axes split.
  package var split: [Int]
  /// The permutation of the split axes; the first ones make the rows, the rest the columns.
  package var order: [Int]
  /// How many of the permuted axes make the rows.
  package var rowAxisCount: Int
  /// The leading axes of the result, `[batch, tokens]`.
  package var rows: [Int]

  /// A view.
  package init(split: [Int], order: [Int], rowAxisCount: Int, rows: [Int]) {
    self.split = split
    self.order = order
    self.rowAxisCount = rowAxisCount
    self.rows = rows
  }

  /// The number of elements of a row.
  package var columnCount: Int { order[rowAxisCount...].reduce(1) { $0 * split[$1] } }
}

/// A straight line of element-wise steps; the last one is the result.
package struct ElementwiseChain: Sendable, Hashable {
  /// What a step reads.
  package enum Operand: Sendable, Hashable {
    /// An operand of the node.
    case input(Int)
    /// The result of an earlier step.
    case step(Int)
  }

  /// One element-wise operation.
  package enum Step: Sendable, Hashable {
    case unary(UnaryOp, Operand)
    case binary(BinaryOp, Operand, Operand)
  }

  /// The most operands a chain may have.
  package static let maximumInputCount = 8
  /// The most steps a chain may have.
  package static let maximumStepCount = 16

  /// The steps, in order; never empty.
  package var steps: [Step]

  /// A chain of the given steps.
  package init(_ steps: [Step]) { self.steps = steps }
}
