import GraphIR
import Tensors

extension LoweringContext {
  /// Declares the blocks after the first as the middle of a step that can be skipped.
  ///
  /// What the first block adds to the tokens is compared with what it added in the last step that
  /// was not skipped: the mean magnitude of the difference over that of the former.
  ///
  /// - Parameters:
  ///   - tokens: Those before the first block.
  ///   - start: Those after it.
  ///   - end: Those after the last.
  /// - Source: The first-block cache of ParaAttention (github.com/chengzeyi/ParaAttention), after
  ///   TeaCache (Liu et al., arXiv 2411.19108).
  mutating func markMiddle(
    before tokens: ValueID, from start: ValueID, to end: ValueID
  ) throws(GraphError) {
    let added = try builder.subtract(start, tokens)
    let before = builder.source(.state(SkippedMiddle.first), builder.type(added))
    let moved = try magnitude(of: builder.subtract(added, before))
    let change = try builder.binary(.divide, moved, magnitude(of: before))
    builder.output(SkippedMiddle.change, change)
    builder.output(SkippedMiddle.first, added, isState: true)
    builder.output(SkippedMiddle.kept, try builder.subtract(end, start))
  }

  /// The mean of the magnitudes: of each token first, which threads share.
  private mutating func magnitude(of x: ValueID) throws(GraphError) -> ValueID {
    let magnitudes = try builder.binary(.maximum, x, builder.unary(.negate, x))
    let rank = builder.shape(x).rank
    let tokens = try builder.append(.reduce(.mean, axes: [rank - 1]), [magnitudes])
    return try builder.append(.reduce(.mean, axes: Array(0..<(rank - 1))), [tokens])
  }
}
