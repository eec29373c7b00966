import GraphIR
import GraphSamples
import Planning
import Tensors
import Testing

@Suite struct MemoryPlanVerifierTests {
  @Test(arguments: 0..<12) func catchesBuffersMovedOntoOthers(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), opCount: 60)
    let plan = MemoryPlan(graph)
    var tried = 0
    for (i, a) in plan.assignments.enumerated() {
      for b in plan.assignments[(i + 1)...] where a.range.overlaps(b.range) {
        // A value that nothing reads may be overwritten, and so may what is beside the piece that
        // is read.
        guard a.range.last > a.range.first, b.range.last > b.range.first,
          a.range.last > b.range.first,
          graph[b.value].type.byteCount >= graph[a.value].type.byteCount
        else { continue }
        var broken = plan
        broken.assignments[i].byteOffset = b.byteOffset
        broken.arenaByteCount = plan.arenaByteCount + a.byteCount
        #expect(!MemoryPlanVerifier.problems(of: broken, for: graph).isEmpty)
        tried += 1
      }
    }
    #expect(tried > 0)
  }

  @Test func catchesABufferBeyondTheArena() throws {
    let graph = try TransformerGraph().build(fused: true)
    var plan = MemoryPlan(graph)
    plan.arenaByteCount -= 64
    #expect(!MemoryPlanVerifier.problems(of: plan, for: graph).isEmpty)
  }

  @Test func catchesAMisalignedBuffer() throws {
    let graph = try TransformerGraph().build(fused: true)
    var plan = MemoryPlan(graph)
    plan.arenaByteCount += 64
    plan.assignments[0].byteOffset += 4
    #expect(!MemoryPlanVerifier.problems(of: plan, for: graph).isEmpty)
  }

  @Test func catchesAViewThatIsElsewhere() throws {
    let graph = try TransformerGraph().build(fused: false)
    let plan = MemoryPlan(graph)
    for id in graph.values {
      guard case .reshape = graph[id].op else { continue }
      var broken = plan
      broken.locations[id.index]?.byteOffset += 4
      #expect(!MemoryPlanVerifier.problems(of: broken, for: graph).isEmpty)
    }
  }

  @Test func catchesAStateReplacedBeforeItIsRead() throws {
    var b = GraphBuilder(name: "state")
    let s = b.source(.state("s"), .f32([4]))
    let next = try b.unary(.tanh, s)
    b.output("s", next, isState: true)
    b.output("old", try b.unary(.exp, s))
    var plan = MemoryPlan(b.graph)
    #expect(MemoryPlanVerifier.problems(of: plan, for: b.graph) == [])
    plan.locations[next.index] = ValueLocation(
      home: .source(s), byteOffset: 0, stepByteStride: 0)
    #expect(!MemoryPlanVerifier.problems(of: plan, for: b.graph).isEmpty)
  }

  @Test func catchesAMissingCopy() throws {
    var b = GraphBuilder(name: "copy")
    let x = b.input("x", .f32([4]))
    b.output("same", x)
    var plan = MemoryPlan(b.graph)
    #expect(plan.copies.count == 1)
    plan.copies = []
    #expect(!MemoryPlanVerifier.problems(of: plan, for: b.graph).isEmpty)
  }

  @Test func catchesAProductWrittenOverItsOperand() throws {
    var b = GraphBuilder(name: "product")
    let x = try b.unary(.tanh, b.input("x", .f32([8, 8])))
    let y = try b.matmul(x, x)
    b.output("out", try b.append(.reduce(.sum, axes: [0]), [y]))
    var plan = MemoryPlan(b.graph)
    plan.locations[y.index] = plan.locations[x.index]
    #expect(!MemoryPlanVerifier.problems(of: plan, for: b.graph).isEmpty)
  }
}
