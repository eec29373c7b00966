import GraphIR
import Tensors

extension Pass {
  /// Weights, and values that only products and attention read, in `bf16`.
  ///
  /// A parameter becomes `bf16` where every reader takes it whole as the weight of a product; the
  /// product then rounds its other operand too. The result of a `linear`, a norm or an attention
  /// becomes `bf16` where every reader, through views, is the `x` of such a `linear` or an attention
  /// whose other operands become `bf16` as well. Literals, biases and all other values stay `f32`.
  ///
  /// It changes results by the rounding of `bf16`, so that it is no part of `PassPipeline.all`: it
  /// runs last, where that precision is asked for.
  package static let narrow = Pass(
    name: "narrow", summary: "Keeps weights and the operands of products in bf16.", run: narrowed)
}

@Sendable private func narrowed(_ graph: Graph) throws(GraphError) -> PassResult {
  var log = FusionLog(Pass.narrow.name)
  var narrowing = Narrowing(graph)
  narrowing.chooseWeights(&log)
  narrowing.chooseValues(&log)
  for id in graph.values
  where narrowing.graph[id].type != graph[id].type && !narrowing.uses.isPiece(id) {
    log.make(at: graph[id].origin)
  }
  return log.result(narrowing.graph)
}

/// A graph some of whose values become `bf16`.
private struct Narrowing {
  private(set) var graph: Graph
  let uses: UseAnalysis

  init(_ graph: Graph) {
    self.graph = graph
    uses = UseAnalysis(graph)
  }

  private mutating func narrow(_ id: ValueID) {
    for piece in uses.pieces(of: id) { graph.nodes[piece.index].type.dtype = .bf16 }
  }

  /// Makes parameters `bf16` that are read as weights alone.
  mutating func chooseWeights(_ log: inout FusionLog) {
    var groups: [[String]: [ValueID]] = [:]
    for id in graph.values {
      if let parts = uses.parameterParts(id) { groups[parts, default: []].append(id) }
    }
    for id in graph.values {
      guard let parts = uses.parameterParts(id), let group = groups[parts], group[0] == id
      else { continue }
      let readings = group.map { uses.readings(of: $0) ?? [] }
      let count = uses.shape(id).elementCount
      func isWeight(_ reading: UseAnalysis.Reading) -> Bool {
        let shape = uses.shape(reading.value)
        return reading.place == graph[reading.user].op.weightPlace && shape.rank == 2
          && shape.elementCount == count
      }
      guard readings.joined().contains(where: isWeight) else { continue }
      if readings.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isWeight) }) {
        for parameter in group { narrow(parameter) }
      } else {
        log.refuse(
          at: graph[id].origin, "\(uses.described(id)) is not read as a weight alone")
      }
    }
  }

  /// Makes results `bf16` that only products and attention read.
  mutating func chooseValues(_ log: inout FusionLog) {
    var chosen: Set<ValueID> = []
    for id in graph.values where !uses.isPiece(id) && mayRound(id) {
      guard let readings = uses.readings(of: id), !readings.isEmpty else { continue }
      let fitting = readings.filter(isShortOperand)
      if fitting.count == readings.count {
        chosen.insert(id)
      } else if !fitting.isEmpty, let other = readings.first(where: { !isShortOperand($0) }) {
        log.refuse(
          at: graph[id].origin,
          "\(uses.described(id)) is read by `\(OpInfo(graph[other.user].op).name)` too")
      }
    }
    removeUnequalAttention(from: &chosen, &log)
    for id in chosen.sorted() { narrow(id) }
  }

  /// Whether the kernel of a node can round its result once weights are chosen; an attention, if
  /// its operands are chosen too.
  private func mayRound(_ id: ValueID) -> Bool {
    let node = graph[id]
    switch node.op {
    case .attention: return true
    case .unary, .binary, .affine, .gatedAdd, .chain, .broadcast, .permute, .slice: return false
    default: break
    }
    return node.op.roundsResult(node.inputs.map { graph[$0].type }, into: node.type.shape)
  }

  private func isShortOperand(_ reading: UseAnalysis.Reading) -> Bool {
    let node = graph[reading.user]
    if case .matmul = node.op { return false }
    guard node.op.readsShort(at: reading.place) else { return false }
    return node.op.weightPlace.map { graph[node.inputs[$0]].type.dtype == .bf16 } ?? true
  }

  /// The operands of an attention are alike: where one is not chosen, the others are not either, nor
  /// is the result.
  private func removeUnequalAttention(from chosen: inout Set<ValueID>, _ log: inout FusionLog) {
    var attentions = graph.values.filter {
      if case .attention = graph[$0].op { true } else { false }
    }
    while let id = attentions.first(where: { id in
      !graph[id].inputs.allSatisfy { chosen.contains(root(of: $0)) }
    }) {
      attentions.removeAll { $0 == id }
      chosen.remove(id)
      for operand in graph[id].inputs where chosen.remove(root(of: operand)) != nil {
        log.refuse(
          at: graph[id].origin, "the operands beside \(uses.described(operand)) are f32")
      }
    }
  }

  private func root(of id: ValueID) -> ValueID {
    uses.isPiece(id) ? root(of: graph[id].inputs[0]) : id
  }
}
