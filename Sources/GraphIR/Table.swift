import Tensors

/// A literal that a formula makes.
package enum Table: Sendable, Hashable {
  /// `[count]`: `exp(-ln(maximumPeriod) k / denominator)` for `k` from 0.
  ///
  /// - Source: Peebles and Xie, Scalable Diffusion Models with Transformers (arXiv 2212.09748);
  ///   the reference implementation's timestep frequencies.
  case frequencies(count: Int, denominator: Double, maximumPeriod: Double)
  /// `[tokens, width]`: sine-cosine position encodings of a grid, one part per axis side by side.
  case sincos(SincosTable)

  /// The type of the table's value.
  package var type: TensorType {
    switch self {
    case .frequencies(let count, _, _): .f32([count])
    case .sincos(let table):
      .f32([table.grid.reduce(1, *), table.parts.reduce(0) { $0 + $1.width }])
    }
  }
}

/// Sine-cosine encodings of positions on a grid, row-major over its axes.
///
/// A part of width `w` encodes position `p` of its axis as
/// `[sin(p ω_0) ..., cos(p ω_0) ...]` with `ω_k = maximumPeriod^(-k / (w/2))`, `k < w/2`.
/// - Source: Vaswani et al., Attention Is All You Need (arXiv 1706.03762), section 3.5.
package struct SincosTable: Sendable, Hashable {
  /// The columns that encode one axis.
  package struct Part: Sendable, Hashable {
    /// The axis of the grid.
    package var axis: Int
    /// The number of columns; even.
    package var width: Int
    /// What an index is multiplied by to give the position.
    package var positionScale: Double

    /// A part.
    package init(axis: Int, width: Int, positionScale: Double = 1) {
      self.axis = axis
      self.width = width
      self.positionScale = positionScale
    }
  }

  /// The extents of the grid, outermost axis first.
  package var grid: [Int]
  /// The parts, left to right.
  package var parts: [Part]
  /// The period of the slowest frequency, in units of 2π.
  package var maximumPeriod: Double

  /// A table.
  package init(grid: [Int], parts: [Part], maximumPeriod: Double = 10000) {
    self.grid = grid
    self.parts = parts
    self.maximumPeriod = maximumPeriod
  }
}
