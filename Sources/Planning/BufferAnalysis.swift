import GraphIR
import Tensors

/// Where the bytes of a value are.
package enum BufferHome: Sendable, Hashable {
  /// In the arena, in the buffer of this number.
  case arena(Int)
  /// In the memory of a source node: an input, a state, a parameter or a literal.
  case source(ValueID)
  /// In the result buffer of the output of this number.
  case output(Int)
}

/// Which values need bytes of their own, which share, and how long each buffer lives.
///
/// - Views share the bytes of their operand.
/// - A result may overwrite an operand that nothing reads later (`inPlaceOperands`).
/// - Outputs are kept outside the arena. The buffer of an output's value is the output's own where
///   the value is computed and nothing else claims it; otherwise a copy follows the last node.
/// - A state's next value goes straight into the state's memory when no node reads the state after
///   the first write, and the node of that write reads it in place or not at all.
struct BufferAnalysis {
  /// A buffer of the arena.
  struct Buffer {
    /// The value written first.
    var firstValue: ValueID
    var byteCount: Int
    var range: LiveRange
  }

  /// A value's place.
  struct Place {
    var home: BufferHome
    var byteOffset: Int
    var stepByteStride: Int
  }

  /// The buffers that the arena holds.
  private(set) var buffers: [Buffer] = []
  /// By value; nil for weights that are read from panels alone.
  private(set) var places: [Place?] = []
  /// Outputs to be copied, by number, in an order that reads nothing already overwritten.
  private(set) var copies: [OutputCopy] = []

  private let graph: Graph
  private let roots: [StorageView]
  private let packed: [PackedOperand?]
  /// By root value, the last node that reads it through any view; -1 when none does.
  private var lastReads: [Int] = []
  /// By root value, the buffer that holds it, as an index into `groups`.
  private var groupOf: [Int?] = []
  private var groups: [Group] = []
  private var staged: [OutputCopy] = []
  private let states: [String: ValueID]

  /// Values that follow one another in the same bytes.
  private struct Group {
    var members: [ValueID]
    var byteCount: Int
    var last: Int
    var home: BufferHome?
  }

  init(_ graph: Graph) {
    self.graph = graph
    roots = graph.values.map(graph.storageRoot)
    packed = graph.values.map(graph.packedOperand)
    states = graph.stateValues
    findLastReads()
    groupValues()
    claimOutputs()
    numberBuffers()
  }

  private mutating func findLastReads() {
    lastReads = [Int](repeating: -1, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() where computes(index) {
      for (place, input) in node.inputs.enumerated() where packed[index]?.place != place {
        lastReads[roots[input.index].operand.index] = index
      }
    }
    for output in graph.outputs {
      lastReads[roots[output.value.index].operand.index] = graph.nodes.count
    }
  }

  private func computes(_ index: Int) -> Bool {
    roots[index].operand.index == index && !graph.nodes[index].op.isSource
  }

  private mutating func groupValues() {
    groupOf = [Int?](repeating: nil, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() where computes(index) {
      let last = max(lastReads[index], index)
      let candidate = graph.inPlaceOperands(of: ValueID(index)).first { place in
        groupOf[roots[node.inputs[place].index].operand.index] != nil
          && mayOverwrite(place, at: index)
      }
      if let candidate, let group = groupOf[roots[node.inputs[candidate].index].operand.index] {
        groupOf[index] = group
        groups[group].members.append(ValueID(index))
        groups[group].last = max(groups[group].last, last)
      } else {
        groupOf[index] = groups.count
        groups.append(
          Group(
            members: [ValueID(index)], byteCount: alignedByteCount(node.type.byteCount),
            last: last, home: nil))
      }
    }
  }

  /// Whether a node may write its result over the root of an operand.
  private func mayOverwrite(_ place: Int, at index: Int) -> Bool {
    let node = graph.nodes[index]
    let root = roots[node.inputs[place].index].operand
    let qualifying = graph.inPlaceOperands(of: ValueID(index))
    guard qualifying.contains(place), lastReads[root.index] == index,
      graph[root].type.byteCount == node.type.byteCount
    else { return false }
    return node.inputs.enumerated().allSatisfy { other, input in
      roots[input.index].operand != root || packed[index]?.place == other
        || (qualifying.contains(other) && graph.covers(roots[input.index], by: input))
    }
  }

  private mutating func claimOutputs() {
    var waiting: [Int] = []
    let stateful = graph.outputs.indices.filter { graph.outputs[$0].isState }
    let plain = graph.outputs.indices.filter { !graph.outputs[$0].isState }
    for number in stateful + plain {
      let output = graph.outputs[number]
      let root = roots[output.value.index]
      let state = output.isState ? states[output.name] : nil
      if let state, root.operand == state, graph.covers(root, by: output.value) { continue }
      if let group = groupOf[root.operand.index], groups[group].home == nil,
        graph.covers(root, by: output.value), let start = claimable(group, state: state)
      {
        let claimed = split(group, at: start)
        groups[claimed].home = state.map(BufferHome.source) ?? .output(number)
      } else {
        waiting.append(number)
      }
    }
    orderCopies(waiting)
  }

  /// The first member of a group from which on its values may be written straight into an output's
  /// memory.
  private func claimable(_ group: Int, state: ValueID?) -> Int? {
    guard let state else { return 0 }
    return groups[group].members.firstIndex { mayReplace(state, from: $0.index) }
  }

  /// Leaves the members before `start` in their group and puts the others into another.
  private mutating func split(_ group: Int, at start: Int) -> Int {
    if start == 0 { return group }
    var rest = groups[group]
    rest.members.removeFirst(start)
    groups[group].members.removeLast(rest.members.count)
    groups[group].last = rest.members[0].index
    for member in rest.members { groupOf[member.index] = groups.count }
    groups.append(rest)
    return groups.count - 1
  }

  /// Whether a state's memory may be written from a node on.
  private func mayReplace(_ state: ValueID, from first: Int) -> Bool {
    if lastReads[state.index] < first { return true }
    return graph.nodes[first].inputs.indices.contains { place in
      roots[graph.nodes[first].inputs[place].index].operand == state
        && mayOverwrite(place, at: first)
    }
  }

  /// Results first, then each state after the copies that read its old value.
  private mutating func orderCopies(_ numbers: [Int]) {
    func copy(_ number: Int) -> OutputCopy {
      OutputCopy(output: number, source: graph.outputs[number].value)
    }
    copies = numbers.filter { !graph.outputs[$0].isState }.map(copy)
    var waiting = numbers.filter { graph.outputs[$0].isState }
    while !waiting.isEmpty {
      let next = waiting.firstIndex { number in
        let state = states[graph.outputs[number].name]
        return !waiting.contains { other in
          other != number && roots[graph.outputs[other].value.index].operand == state
        }
      }
      if let next {
        copies.append(copy(waiting.remove(at: next)))
      } else {
        // States that exchange values: the first one's next value waits in the arena.
        staged.append(copy(waiting.removeFirst()))
      }
    }
  }

  private mutating func numberBuffers() {
    for index in groups.indices where groups[index].home == nil {
      groups[index].home = .arena(buffers.count)
      let first = groups[index].members[0]
      let range = LiveRange(first: first.index, last: groups[index].last)
      buffers.append(Buffer(firstValue: first, byteCount: groups[index].byteCount, range: range))
    }
    let end = LiveRange(first: graph.nodes.count, last: graph.nodes.count)
    for var copy in staged {
      copy.stagingBuffer = buffers.count
      copies.append(copy)
      let byteCount = alignedByteCount(graph[copy.source].type.byteCount)
      buffers.append(Buffer(firstValue: copy.source, byteCount: byteCount, range: end))
    }
    places = graph.values.map { id in
      let root = roots[id.index]
      let home: BufferHome
      if let group = groupOf[root.operand.index], let own = groups[group].home {
        home = own
      } else if lastReads[root.operand.index] < 0, graph.storedSource(of: root.operand) != nil {
        return nil
      } else {
        home = .source(root.operand)
      }
      return Place(
        home: home, byteOffset: root.byteOffset, stepByteStride: root.stepByteStride)
    }
  }
}
