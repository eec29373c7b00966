import GraphIR
import Tensors

extension Pass {
  /// `softmax(q kᵀ · scale) v` per head in one tiled kernel.
  ///
  /// The pattern is found around its softmax: queries, keys and values `[batch, tokens, width]`
  /// are split into heads by `reshape [batch, tokens, heads, width/heads]` and
  /// `permute [0,2,1,3]`, and the pooled values go back the same way.
  package static let attention = Pass(
    name: "attention", summary: "Joins attention into one kernel that never stores the scores.",
    run: fuseAttention)
}

/// A value and how it is split into heads.
private struct HeadSplit {
  /// The value before the split: `batch * tokens * heads * width` elements.
  let source: ValueID
  let batch: Int
  let tokens: Int
  let heads: Int
  let width: Int
}

private struct AttentionMatch {
  let softmax: ValueID
  /// Queries, keys and values.
  let operands: [HeadSplit]
  let scale: Double
  /// The permutation of the pooled values back to `[batch, tokens, heads, width]`.
  let root: ValueID
}

@Sendable private func fuseAttention(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.attention.name)
  var matches: [ValueID: AttentionMatch] = [:]
  for id in graph.values where graph[id].op == .softmax {
    do {
      let match = try match(softmax: id, uses)
      matches[match.root] = match
      log.make(at: graph[id].origin)
    } catch {
      log.refuse(at: graph[id].origin, error.reason)
    }
  }
  if matches.isEmpty { return log.result(graph.compacted()) }

  var attentions: [ValueID: ValueID] = [:]
  var joined: [Joined: ValueID] = [:]
  let fused = try graph.rewritten { rebuilder, old, node throws(GraphError) -> ValueID? in
    if case .reshape(let dimensions) = node.op, let attention = attentions[node.inputs[0]] {
      return try rebuilder.builder.reshape(attention, dimensions)
    }
    guard let match = matches[old] else { return nil }
    var operands: [ValueID] = []
    for split in match.operands {
      let key = Joined(
        value: rebuilder.new(split.source),
        dimensions: [split.batch, split.tokens, split.heads * split.width])
      if joined[key] == nil {
        joined[key] = try rebuilder.builder.reshape(key.value, key.dimensions)
      }
      operands += [joined[key]].compactMap(\.self)
    }
    rebuilder.builder.origin = graph[match.softmax].origin
    let attention = try rebuilder.builder.append(
      .attention(heads: match.operands[0].heads, scale: match.scale), operands)
    attentions[old] = attention
    return try rebuilder.builder.reshape(attention, node.type.shape.dimensions)
  }
  return log.result(fused)
}

/// A value of the result in the shape `[batch, tokens, width]`.
private struct Joined: Hashable {
  let value: ValueID
  let dimensions: [Int]
}

private let headsPermutation = Op.permute([0, 2, 1, 3])

private func match(
  softmax id: ValueID, _ uses: UseAnalysis
) throws(Mismatch) -> AttentionMatch {
  try uses.demandUsedOnce(id)
  guard let pooled = uses.soleUser(id),
    uses[pooled].op == .matmul(transposeA: false, transposeB: false), uses[pooled].inputs[0] == id
  else { throw Mismatch("\(uses.described(id)) is not multiplied with values") }
  try uses.demandUsedOnce(pooled)
  guard let root = uses.soleUser(pooled), uses[root].op == headsPermutation else {
    throw Mismatch("the heads of \(uses.described(pooled)) are not joined")
  }

  let scores = uses[id].inputs[0]
  try uses.demandUsedOnce(scores)
  var (product, scale) = (scores, Float(1))
  if let (left, right) = uses.operands(scores, of: .multiply) {
    if let factor = uses.scalar(right) {
      (product, scale) = (left, factor)
    } else if let factor = uses.scalar(left) {
      (product, scale) = (right, factor)
    }
  }
  guard uses[product].op == .matmul(transposeA: false, transposeB: true) else {
    throw Mismatch("\(uses.described(product)) is not a product of queries and keys")
  }
  try uses.demandUsedOnce(product)

  let operands = [
    try split(uses[product].inputs[0], uses),
    try split(uses[product].inputs[1], uses),
    try split(uses[pooled].inputs[1], uses),
  ]
  let (queries, keys, values) = (operands[0], operands[1], operands[2])
  guard queries.batch == keys.batch, keys.batch == values.batch, queries.heads == keys.heads,
    keys.heads == values.heads, queries.width == keys.width, keys.tokens == values.tokens
  else { throw Mismatch("queries, keys and values differ in batch or heads") }
  return AttentionMatch(softmax: id, operands: operands, scale: Double(scale), root: root)
}

private func split(_ id: ValueID, _ uses: UseAnalysis) throws(Mismatch) -> HeadSplit {
  guard uses[id].op == headsPermutation else {
    throw Mismatch("\(uses.described(id)) is not split into heads")
  }
  let operand = uses[id].inputs[0]
  let shape = uses.shape(operand)
  var source = operand
  if case .reshape = uses[operand].op { source = uses[operand].inputs[0] }
  return HeadSplit(
    source: source, batch: shape[0], tokens: shape[1], heads: shape[2], width: shape[3])
}
