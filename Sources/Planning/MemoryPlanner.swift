import GraphIR
import Tensors

extension MemoryPlan {
  /// Plans the memory of a graph.
  ///
  /// `MemoryPlanVerifier` checks the result by other means.
  package init(_ graph: Graph) {
    let analysis = BufferAnalysis(graph)
    let peak = PeakUsage(analysis.buffers)
    let requests = analysis.buffers.map {
      OffsetAssignment.Request(byteCount: $0.byteCount, range: $0.range)
    }
    let offsets = OffsetAssignment(requests, bound: peak.byteCount)
    assignments = zip(analysis.buffers, offsets.offsets).map { buffer, offset in
      BufferAssignment(
        value: buffer.firstValue, byteOffset: offset, byteCount: buffer.byteCount,
        range: buffer.range)
    }
    locations = analysis.places.map { place in
      place.map {
        ValueLocation(
          home: $0.home, byteOffset: $0.byteOffset, stepByteStride: $0.stepByteStride)
      }
    }
    copies = analysis.copies
    arenaByteCount = offsets.byteCount
    lowerBoundByteCount = peak.byteCount
    peakNode = peak.node
    peakValue = peak.value
    let locations = self.locations
    inPlaceCount = graph.values.count { id in
      !graph[id].op.isSource && graph.storageView(of: id) == nil
        && graph[id].inputs.contains { locations[$0.index] == locations[id.index] }
    }
    weights = Self.weights(of: graph, locations)
  }

  private static func weights(
    of graph: Graph, _ locations: [ValueLocation?]
  ) -> [StoredWeight] {
    var seen: Set<StoredWeight> = []
    var result: [StoredWeight] = []
    func add(_ weight: StoredWeight) {
      if seen.insert(weight).inserted { result.append(weight) }
    }
    for id in graph.values {
      if let packed = graph.packedOperand(of: id) { add(packed.weight) }
      if let source = graph.storedSource(of: id), locations[id.index] != nil {
        add(StoredWeight(source: source, layout: .rows))
      }
    }
    return result
  }
}

/// The node at which the buffers alive need most memory.
private struct PeakUsage {
  var byteCount = 0
  var node: Int?
  var value: ValueID?

  init(_ buffers: [BufferAnalysis.Buffer]) {
    let end = buffers.reduce(0) { max($0, $1.range.last + 1) }
    var changes = [Int](repeating: 0, count: end + 1)
    for buffer in buffers {
      changes[buffer.range.first] += buffer.byteCount
      changes[buffer.range.last + 1] -= buffer.byteCount
    }
    var live = 0
    for index in 0..<end {
      live += changes[index]
      if live > byteCount { (byteCount, node) = (live, index) }
    }
    guard let node else { return }
    let alive = buffers.filter { ($0.range.first...$0.range.last).contains(node) }
    value = alive.max { $0.byteCount < $1.byteCount }?.firstValue
  }
}
