import GraphIR

/// Collects what one pass does and refuses.
struct FusionLog {
  private let kind: String
  private var made: [Fusion] = []
  private var madeIndices: [String: Int] = [:]
  private var refused: [Refusal] = []
  private var known: Set<Refusal> = []

  /// An empty log of the pass of a name.
  init(_ kind: String) { self.kind = kind }

  /// Counts one fusion under the spec key of an origin.
  mutating func make(at origin: Origin) {
    if let index = madeIndices[origin.path] {
      made[index].count += 1
    } else {
      madeIndices[origin.path] = made.count
      made.append(Fusion(kind: kind, at: origin.path, count: 1))
    }
  }

  /// Records a refusal, once however often it is met.
  mutating func refuse(at origin: Origin, _ reason: String) {
    let refusal = Refusal(kind: kind, at: origin, reason: reason)
    if known.insert(refusal).inserted { refused.append(refusal) }
  }

  /// The result of the pass: a graph and what was collected.
  func result(_ graph: Graph) -> PassResult {
    PassResult(graph: graph, made: made, refused: refused)
  }
}
