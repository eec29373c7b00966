import GraphIR
import Tensors

/// Checks a memory plan by running the graph on names instead of numbers.
///
/// Every byte remembers which value was written there last. A node may run when each operand's
/// bytes still hold that operand; then its result's bytes take its name. So two values that are
/// alive at once cannot overlap, whatever the planner believed about live ranges. Nothing here is
/// shared with the planner. The invariants:
///
/// - Every buffer lies within the arena, on a multiple of 64 bytes.
/// - Every value lies within its home, on a multiple of its element size, in every step.
/// - An operand holds its value when a node reads it.
/// - A node's result overlaps an operand only where the op allows it, and then exactly.
/// - A view lies where its operand's piece lies.
/// - No node writes to an input, a parameter or a literal.
/// - After the copies every output holds its value.
/// - The arena is no smaller than the bound, and no buffer ends beyond it.
package struct MemoryPlanVerifier {
  private let graph: Graph
  private let plan: MemoryPlan
  private let weights: Set<StoredWeight>
  private var contents: [Space: [Content]] = [:]
  private var problems: [String] = []

  /// A separate piece of memory.
  private enum Space: Hashable {
    case arena
    case source(Int)
    case output(Int)
  }

  /// Bytes that hold a piece of a computed value, starting at its byte `start`.
  private struct Content {
    var bytes: Range<Int>
    var value: Int
    var start: Int
  }

  /// A stretch of a space.
  private struct Extent: Hashable {
    var space: Space
    var bytes: Range<Int>
  }

  /// The broken invariants of a plan, in the order of the nodes; empty when it is right.
  package static func problems(of plan: MemoryPlan, for graph: Graph) -> [String] {
    var verifier = Self(graph: graph, plan: plan)
    verifier.run()
    return verifier.problems
  }

  private init(graph: Graph, plan: MemoryPlan) {
    self.graph = graph
    self.plan = plan
    weights = Set(plan.weights)
  }

  private mutating func run() {
    guard plan.locations.count == graph.nodes.count else {
      problems.append("\(plan.locations.count) locations for \(graph.nodes.count) values")
      return
    }
    checkBuffers()
    for (index, node) in graph.nodes.enumerated() {
      guard let extent = extent(of: index) else { continue }
      if isSource(node.op) {
        if extent.space != .source(index) || extent.bytes.lowerBound != 0 {
          report(index, "a source is not in its own memory")
        }
        write(extent, value: index)
      } else if isView(node) {
        checkView(index, node)
      } else {
        compute(index, node, extent)
      }
    }
    finish()
  }

  private mutating func report(_ index: Int, _ message: String) {
    problems.append("%\(index): \(message)")
  }

  private mutating func checkBuffers() {
    for (number, buffer) in plan.assignments.enumerated() {
      let end = buffer.byteOffset + buffer.byteCount
      if buffer.byteOffset < 0 || end > plan.arenaByteCount {
        problems.append("buffer \(number) ends at \(end), the arena at \(plan.arenaByteCount)")
      }
      if buffer.byteOffset % 64 != 0 || buffer.byteCount % 64 != 0 {
        problems.append("buffer \(number) is not aligned")
      }
    }
    if plan.arenaByteCount < plan.lowerBoundByteCount {
      problems.append("the arena is smaller than the bound")
    }
  }

  /// The bytes of a value in step 0; nil with a report where it has none that can be used.
  private mutating func extent(of index: Int) -> Extent? {
    guard let location = plan.locations[index] else {
      if !isSource(graph.nodes[index].op) && !isView(graph.nodes[index]) {
        report(index, "has no location")
      }
      return nil
    }
    let byteCount = graph.nodes[index].type.byteCount
    let space: Space
    let base: Int
    let capacity: Int
    switch location.home {
    case .arena(let number):
      guard plan.assignments.indices.contains(number) else {
        report(index, "names no buffer")
        return nil
      }
      space = .arena
      base = plan.assignments[number].byteOffset
      capacity = plan.assignments[number].byteCount
    case .source(let source):
      space = .source(source.index)
      base = 0
      capacity = graph[source].type.byteCount
    case .output(let number):
      space = .output(number)
      base = 0
      capacity = graph[graph.outputs[number].value].type.byteCount
    }
    let start = location.byteOffset
    if start < 0 || start % graph.nodes[index].type.dtype.byteCount != 0
      || start + byteCount > capacity
    {
      report(index, "lies outside its home")
      return nil
    }
    return Extent(space: space, bytes: (base + start)..<(base + start + byteCount))
  }

  private func isSource(_ op: Op) -> Bool {
    switch op {
    case .input, .state, .parameter, .constant, .table: true
    default: false
    }
  }

  /// Whether the plan treats a node as a view; `checkView` tells whether it may.
  private func isView(_ node: Node) -> Bool {
    switch node.op {
    case .reshape, .stepRow: return true
    case .broadcast(let dimensions):
      return dimensions.reduce(1, *) == graph[node.inputs[0]].type.shape.elementCount
    case .permute, .slice: return pieceStart(node) != nil
    default: return false
    }
  }

  /// Where a view starts in its operand, in elements: found by walking the elements of the result
  /// and asking that they be neighbours.
  private func pieceStart(_ node: Node) -> Int? {
    let source = graph[node.inputs[0]].type.shape
    let shape = node.type.shape
    var strides = source.strides
    var start = 0
    switch node.op {
    case .slice(let axis, let first, _): start = first * strides[axis]
    case .permute(let axes): strides = axes.map { source.strides[$0] }
    default: break
    }
    var expected = 1
    for axis in stride(from: shape.rank - 1, through: 0, by: -1) where shape[axis] != 1 {
      if strides[axis] != expected { return nil }
      expected *= shape[axis]
    }
    return start
  }

  private mutating func checkView(_ index: Int, _ node: Node) {
    guard let own = plan.locations[index] else { return }
    guard let operand = plan.locations[node.inputs[0].index] else {
      report(index, "views bytes that are not kept")
      return
    }
    var stride = operand.stepByteStride
    var offset = operand.byteOffset
    switch node.op {
    case .stepRow: stride += node.type.byteCount
    case .slice, .permute: offset += (pieceStart(node) ?? 0) * node.type.dtype.byteCount
    default: break
    }
    if own.home != operand.home || own.byteOffset != offset || own.stepByteStride != stride {
      report(index, "is not where its operand is")
    }
  }

  private mutating func compute(_ index: Int, _ node: Node, _ result: Extent) {
    if plan.locations[index]?.stepByteStride != 0 { report(index, "moves with the step") }
    for (place, input) in node.inputs.enumerated() {
      if readsPanels(index, place) { continue }
      read(input, for: index)
      guard let operand = extent(of: input.index), operand.space == result.space,
        operand.bytes.overlaps(result.bytes)
      else { continue }
      if !mayShare(node, place) || operand.bytes != result.bytes
        || plan.locations[input.index]?.stepByteStride != 0
      {
        report(index, "overwrites operand \(place) while reading it")
      }
    }
    if case .source(let source) = result.space {
      guard case .state = graph.nodes[source].op else {
        return report(index, "writes to a source")
      }
    }
    write(result, value: index)
  }

  /// Whether an operand is a weight that the plan keeps in panels.
  private func readsPanels(_ index: Int, _ place: Int) -> Bool {
    guard place == 1 else { return false }
    let node = graph.nodes[index]
    let rank: Int
    switch node.op {
    case .linear, .patchLinear: rank = 2
    case .convolution, .convolutionEpilogue: rank = 4
    case .matmul(false, true): rank = 2
    default: return false
    }
    let shape = graph[node.inputs[1]].type.shape
    var dtype = graph[node.inputs[1]].type.dtype
    if case .matmul = node.op, graph[node.inputs[0]].type.dtype == .bf16 { dtype = .bf16 }
    let root = rootPiece(node.inputs[1])
    let source: StoredWeight.Source
    switch graph.nodes[root.value].op {
    case .parameter(let parts): source = .parameter(parts, graph.nodes[root.value].type.shape)
    case .constant, .table: source = .literal(graph.nodes[root.value].op)
    default: return false
    }
    guard shape.rank == rank else { return false }
    guard let precision = Precision.allCases.first(where: { $0.dtype == dtype }) else {
      return false
    }
    let layout = StoredWeight.Layout.panels(
      n: shape[0], k: shape.elementCount / shape[0], precision)
    return weights.contains(StoredWeight(source: source, layout: layout))
  }

  /// The computed value or source whose bytes a value is a piece of.
  private func rootPiece(_ id: ValueID) -> (value: Int, start: Int) {
    var index = id.index
    var start = 0
    while isView(graph.nodes[index]) {
      let node = graph.nodes[index]
      if case .slice = node.op { start += (pieceStart(node) ?? 0) * node.type.dtype.byteCount }
      index = node.inputs[0].index
    }
    return (index, start)
  }

  /// Whether the kernel of an op reads an element of an operand last where it writes the result's.
  private func mayShare(_ node: Node, _ place: Int) -> Bool {
    let operand = graph[node.inputs[place]].type
    let isWhole =
      operand.shape.elementCount == node.type.shape.elementCount
      && operand.dtype == node.type.dtype
    switch node.op {
    case .unary, .binary, .affine, .gatedAdd, .chain: return isWhole
    case .softmaxGradient: return isWhole
    case .normGradient(_, let scale, _):
      // A scale of one row per row has as many elements.
      return isWhole && !(scale && place == 2)
    case .softmax, .layerNorm, .normAffine, .rmsNorm, .groupNorm, .rmsNormScale,
      .groupNormAffine:
      return place == 0 && isWhole
    case .linear(let epilogue), .patchLinear(_, let epilogue),
      .convolutionEpilogue(_, let epilogue):
      return epilogue.residual && place == node.inputs.count - 1 && isWhole
        && epilogue.isSingleKernel
    default: return false
    }
  }

  private mutating func read(_ id: ValueID, for reader: Int) {
    guard let location = plan.locations[id.index] else {
      return report(reader, "reads \(id), which is not kept")
    }
    if location.stepByteStride != 0 {
      // Another step reads another row, so all of them must be there.
      return read(ValueID(rootPiece(id).value), for: reader)
    }
    guard let extent = extent(of: id.index) else { return }
    if !holds(extent, id) { report(reader, "reads \(id) after it was overwritten") }
  }

  private func holds(_ extent: Extent, _ id: ValueID) -> Bool {
    let root = rootPiece(id)
    return contents[extent.space, default: []].contains {
      $0.value == root.value && $0.bytes.contains(extent.bytes)
        && extent.bytes.lowerBound - $0.bytes.lowerBound + $0.start == root.start
    }
  }

  private mutating func write(_ extent: Extent, value: Int, start: Int = 0) {
    var kept: [Content] = []
    for content in contents[extent.space, default: []] {
      if !content.bytes.overlaps(extent.bytes) {
        kept.append(content)
        continue
      }
      if content.bytes.lowerBound < extent.bytes.lowerBound {
        var left = content
        left.bytes = content.bytes.lowerBound..<extent.bytes.lowerBound
        kept.append(left)
      }
      if content.bytes.upperBound > extent.bytes.upperBound {
        var right = content
        right.bytes = extent.bytes.upperBound..<content.bytes.upperBound
        right.start += extent.bytes.upperBound - content.bytes.lowerBound
        kept.append(right)
      }
    }
    kept.append(Content(bytes: extent.bytes, value: value, start: start))
    contents[extent.space] = kept
  }

  private mutating func finish() {
    let end = graph.nodes.count
    for copy in plan.copies {
      guard let number = copy.stagingBuffer else { continue }
      read(copy.source, for: end)
      guard plan.assignments.indices.contains(number) else {
        report(end, "a copy names no buffer")
        continue
      }
      let root = rootPiece(copy.source)
      write(staging(copy, number), value: root.value, start: root.start)
    }
    for copy in plan.copies where copy.stagingBuffer == nil {
      read(copy.source, for: end)
      let root = rootPiece(copy.source)
      write(destination(of: copy.output), value: root.value, start: root.start)
    }
    for copy in plan.copies {
      guard let number = copy.stagingBuffer, plan.assignments.indices.contains(number) else {
        continue
      }
      if !holds(staging(copy, number), copy.source) {
        report(end, "a saved output was overwritten")
      }
      let root = rootPiece(copy.source)
      write(destination(of: copy.output), value: root.value, start: root.start)
    }
    for (number, output) in graph.outputs.enumerated() {
      if !holds(destination(of: number), output.value) {
        problems.append("the output \(output.name) does not hold \(output.value)")
      }
    }
  }

  private func staging(_ copy: OutputCopy, _ number: Int) -> Extent {
    let offset = plan.assignments[number].byteOffset
    return Extent(
      space: .arena, bytes: offset..<(offset + graph[copy.source].type.byteCount))
  }

  private func destination(of number: Int) -> Extent {
    let output = graph.outputs[number]
    let bytes = 0..<graph[output.value].type.byteCount
    if output.isState {
      for (index, node) in graph.nodes.enumerated() where node.op == .state(output.name) {
        return Extent(space: .source(index), bytes: bytes)
      }
    }
    return Extent(space: .output(number), bytes: bytes)
  }
}

extension Range<Int> {
  fileprivate func contains(_ other: Range<Int>) -> Bool {
    lowerBound <= other.lowerBound && other.upperBound <= upperBound
  }
}
