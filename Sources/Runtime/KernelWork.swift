import Tensors

/// What one call of a kernel does, as far as its time depends on it.
package enum KernelWork: Sendable, Hashable {
  /// What a product with a weight `[n, k]` does.
  package struct Linear: Sendable, Hashable {
    /// Rows, columns and inner extent.
    package var m, n, k: Int
    /// The element type of the weight.
    package var precision: Precision
    /// The activation of the epilogue.
    package var activation: Activation
    /// Operands beside the bias that the epilogue reads: gate and residual.
    package var epilogueOperandCount: Int
    /// Whether rows are patches of an image.
    package var readsPatches: Bool

    /// A product with an epilogue.
    package init(
      m: Int, n: Int, k: Int, _ precision: Precision = .f32, activation: Activation = .none,
      epilogueOperandCount: Int = 0, readsPatches: Bool = false
    ) {
      self.m = m
      self.n = n
      self.k = k
      self.precision = precision
      self.activation = activation
      self.epilogueOperandCount = epilogueOperandCount
      self.readsPatches = readsPatches
    }
  }

  /// What an attention does; `width` is that of queries and keys.
  package struct Attention: Sendable, Hashable {
    /// Batch entries times heads.
    package var heads: Int
    /// Extents of one head.
    package var queries, keys, width, valueWidth: Int
    /// The element type of the operands.
    package var precision: Precision

    /// An attention.
    package init(
      heads: Int, queries: Int, keys: Int, width: Int, valueWidth: Int,
      _ precision: Precision = .f32
    ) {
      self.heads = heads
      self.queries = queries
      self.keys = keys
      self.width = width
      self.valueWidth = valueWidth
      self.precision = precision
    }
  }

  /// What element-wise steps do.
  package struct Elementwise: Sendable, Hashable {
    /// Elements of the result.
    package var elements: Int
    /// Steps that are an instruction or two.
    package var lightSteps: Int
    /// Steps that are a polynomial or a division.
    package var heavySteps: Int
    /// Sines and cosines.
    package var scalarSteps: Int
    /// Operands, the result included, whose elements do not follow one another.
    package var stridedOperands: Int

    /// Element-wise steps.
    package init(
      elements: Int, lightSteps: Int = 0, heavySteps: Int = 0, scalarSteps: Int = 0,
      stridedOperands: Int = 0
    ) {
      self.elements = elements
      self.lightSteps = lightSteps
      self.heavySteps = heavySteps
      self.scalarSteps = scalarSteps
      self.stridedOperands = stridedOperands
    }
  }

  /// An activation of an epilogue, as the kernels know it.
  package enum Activation: String, Sendable, Hashable, CaseIterable {
    case none
    case relu
    case gelu
    case geluTanh = "gelu_tanh"
    case silu
    case sigmoid
    case tanh
    case geluQuick = "gelu_quick"
  }

  case linear(Linear)
  /// A convolution as the product that it is: the rows are the pixels of the result, the columns
  /// the kernels.
  case convolution(Linear)
  /// A product of two values, per batch entry.
  case matmul(entries: Int, m: Int, n: Int, k: Int, Precision = .f32)
  case attention(Attention)
  case attentionGradient(Attention)
  case elementwise(Elementwise)
  case norm(rows: Int, width: Int)
  case softmax(rows: Int, width: Int)
  /// From `elements` elements.
  case reduce(elements: Int)
  case gather(rows: Int, width: Int)
  /// To `elements` elements.
  case upsample(elements: Int)
  /// A weight that the graph computes, laid out for `linear`.
  case pack(n: Int, k: Int, Precision)
}

extension KernelWork {
  /// Multiply-accumulates of products and attention; 0 for every other kernel.
  package var multiplyAccumulates: Int {
    switch self {
    case .linear(let linear), .convolution(let linear): linear.m * linear.n * linear.k
    case .matmul(let entries, let m, let n, let k, _): entries * m * n * k
    case .attention(let attention):
      attention.heads * attention.queries * attention.keys
        * (attention.width + attention.valueWidth)
    case .attentionGradient(let attention):
      attention.heads * attention.queries * attention.keys
        * (3 * attention.width + 2 * attention.valueWidth)
    case .elementwise, .norm, .softmax, .reduce, .gather, .upsample, .pack: 0
    }
  }

  /// The bytes of the weight that a product or a convolution reads.
  package var weightByteCount: Int {
    switch self {
    case .linear(let linear), .convolution(let linear):
      linear.n * linear.k * linear.precision.dtype.byteCount
    case .matmul, .attention, .attentionGradient, .elementwise, .norm, .softmax, .reduce, .gather,
      .upsample, .pack:
      0
    }
  }

  /// The element type of the operands.
  package var precision: Precision {
    switch self {
    case .linear(let linear), .convolution(let linear): linear.precision
    case .attention(let attention), .attentionGradient(let attention): attention.precision
    case .matmul(_, _, _, _, let precision), .pack(_, _, let precision): precision
    case .elementwise, .norm, .softmax, .reduce, .gather, .upsample: .f32
    }
  }

  /// The kernel's name.
  package var kernel: String {
    switch self {
    case .linear: "linear"
    case .convolution: "convolution"
    case .matmul: "matmul"
    case .attention: "attention"
    case .attentionGradient: "attention gradient"
    case .elementwise: "elementwise"
    case .norm: "norm"
    case .softmax: "softmax"
    case .reduce: "reduce"
    case .gather: "gather"
    case .upsample: "upsample"
    case .pack: "pack"
    }
  }

  /// The extents in words, as in `256 x 1152 x 384`: rows, columns and inner extent of a product.
  package var extents: String {
    switch self {
    case .linear(let linear), .convolution(let linear): "\(linear.m) x \(linear.n) x \(linear.k)"
    case .matmul(let entries, let m, let n, let k, _): "\(entries) of \(m) x \(n) x \(k)"
    case .attention(let attention), .attentionGradient(let attention):
      "\(attention.heads) heads of \(attention.queries) x \(attention.keys) x \(attention.width)"
    case .elementwise(let elementwise): "\(elementwise.elements)"
    case .norm(let rows, let width), .softmax(let rows, let width), .gather(let rows, let width):
      "\(rows) x \(width)"
    case .reduce(let elements), .upsample(let elements): "\(elements)"
    case .pack(let n, let k, _): "\(n) x \(k)"
    }
  }
}
