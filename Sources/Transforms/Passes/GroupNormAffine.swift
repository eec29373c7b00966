import GraphIR
import Tensors

extension Pass {
  /// `activation(group_norm(x) * scale + shift)` in one kernel, with or without the activation.
  ///
  /// A scale and a shift are vectors along the channels: `[channels]` with axes of extent 1 after
  /// it, and perhaps one before.
  package static let groupNormAffine = Pass(
    name: "group-norm-affine",
    summary: "Joins a group norm with its scale, its shift and its activation.",
    run: fuseGroupNorms)
}

/// A group norm, and what follows it.
private struct GroupNormMatch {
  let norm: ValueID
  let scale: ValueID
  let shift: ValueID
  var activation: UnaryOp?
}

@Sendable private func fuseGroupNorms(_ graph: Graph) throws(GraphError) -> PassResult {
  let uses = UseAnalysis(graph)
  var log = FusionLog(Pass.groupNormAffine.name)
  // By the last node of the pattern.
  var matches: [ValueID: GroupNormMatch] = [:]
  for id in graph.values {
    guard case .groupNorm = graph[id].op else { continue }
    do throws(Mismatch) {
      guard let (root, match) = try match(norm: id, uses, &log) else { continue }
      matches[root] = match
    } catch {
      log.refuse(at: graph[id].origin, error.reason)
    }
  }
  let fused = try graph.rewritten { rebuilder, old, _ throws(GraphError) -> ValueID? in
    guard let match = matches[old],
      case .groupNorm(let groups, let epsilon) = graph[match.norm].op
    else { return nil }
    let norm = graph[match.norm]
    log.make(at: norm.origin)
    var vectors: [ValueID] = []
    for vector in [match.scale, match.shift] {
      rebuilder.builder.origin = graph[vector].origin
      vectors.append(try channelVector(vector, &rebuilder, uses))
    }
    rebuilder.builder.origin = norm.origin
    return try rebuilder.builder.append(
      .groupNormAffine(groups: groups, epsilon: epsilon, activation: match.activation),
      [rebuilder.new(norm.inputs[0])] + vectors)
  }
  return log.result(fused)
}

/// The pattern that starts at a group norm, and its last node; nil when no scale follows.
///
/// - Throws: `Mismatch` when a value on the way is read elsewhere.
private func match(
  norm id: ValueID, _ uses: UseAnalysis, _ log: inout FusionLog
) throws(Mismatch) -> (root: ValueID, GroupNormMatch)? {
  let shape = uses.shape(id)
  func vector(_ user: ValueID, _ function: BinaryOp, beside value: ValueID) -> ValueID? {
    guard let (left, right) = uses.operands(user, of: function) else { return nil }
    let other = left == value ? right : left
    return uses.isChannelVector(other, of: shape) ? other : nil
  }
  func follower(
    of value: ValueID, _ function: BinaryOp
  ) throws(Mismatch) -> (node: ValueID, vector: ValueID)? {
    let found = uses.users(value).lazy.compactMap { user in
      vector(user, function, beside: value).map { (user, $0) }
    }.first
    if found != nil { try uses.demandUsedOnce(value) }
    return found
  }
  guard let (product, scale) = try follower(of: id, .multiply),
    let (sum, shift) = try follower(of: product, .add)
  else { return nil }
  var match = GroupNormMatch(norm: id, scale: scale, shift: shift)
  let activations = uses.users(sum).filter { user in
    if case .unary(let function) = uses[user].op { function.isActivation } else { false }
  }
  guard let activation = activations.first, case .unary(let function) = uses[activation].op else {
    return (sum, match)
  }
  guard uses.isUsedOnce(sum) else {
    log.refuse(at: uses[id].origin, uses.consumersReason(sum))
    return (sum, match)
  }
  match.activation = function
  return (activation, match)
}

/// A scale or a shift as `[channels]`.
private func channelVector(
  _ id: ValueID, _ rebuilder: inout GraphRebuilder, _ uses: UseAnalysis
) throws(GraphError) -> ValueID {
  let count = uses.shape(id).elementCount
  if case .reshape = uses[id].op, uses.shape(uses[id].inputs[0]) == [count] {
    return rebuilder.new(uses[id].inputs[0])
  }
  return try rebuilder.builder.reshape(rebuilder.new(id), [count])
}

extension UseAnalysis {
  /// Whether a value holds one element per channel, axis 1, and repeats over the other axes.
  fileprivate func isChannelVector(_ id: ValueID, of shape: Shape) -> Bool {
    let own = self.shape(id)
    let padded = [Int](repeating: 1, count: max(0, shape.rank - own.rank)) + own.dimensions
    var expected = [Int](repeating: 1, count: shape.rank)
    expected[1] = shape[1]
    return padded == expected
  }
}
