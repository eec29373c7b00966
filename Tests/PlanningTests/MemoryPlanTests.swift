import GraphIR
import GraphSamples
import Planning
import Tensors
import Testing

@Suite struct MemoryPlanTests {
  @Test(arguments: [(true, 1), (false, 1), (true, 2), (false, 2)])
  func transformerArenaIsWithinFivePercentOfTheBound(fused: Bool, batch: Int) throws {
    var sample = TransformerGraph()
    sample.batch = batch
    sample.depth = 6
    let graph = try sample.build(fused: fused)
    let plan = MemoryPlan(graph)
    #expect(MemoryPlanVerifier.problems(of: plan, for: graph) == [])
    #expect(plan.ratio <= 1.05)
    #expect(plan.lowerBoundByteCount > 0)
  }

  @Test func fusedBlockNeedsTokensResidualAndHidden() throws {
    var sample = TransformerGraph()
    sample.batch = 1
    let plan = MemoryPlan(try sample.build(fused: true))
    // The peak is the MLP's first product: the residual, the norm's result and the hidden layer
    // of four times their width.
    let tokenBytes = sample.tokens * sample.width * 4
    #expect(plan.lowerBoundByteCount == (1 + 1 + 4) * tokenBytes)
    #expect(plan.arenaByteCount == plan.lowerBoundByteCount)
  }

  @Test func stateIsWrittenInPlaceWithoutACopy() throws {
    let plan = MemoryPlan(try TransformerGraph().build(fused: true))
    #expect(plan.copies.isEmpty)
  }

  @Test func viewsShareTheirOperandsBytes() throws {
    var b = GraphBuilder(name: "views")
    let x = b.input("x", .f32([1, 6, 4]))
    let y = try b.unary(.tanh, x)
    let row = try b.slice(y, axis: 1, start: 2, count: 3)
    let column = try b.slice(y, axis: 2, start: 1, count: 2)
    let turned = try b.permute(y, [1, 0, 2])
    b.output("a", try b.unary(.exp, row))
    b.output("b", try b.unary(.exp, column))
    b.output("c", try b.unary(.exp, try b.reshape(turned, [24])))
    let plan = MemoryPlan(b.graph)
    #expect(plan.locations[row.index]?.home == plan.locations[y.index]?.home)
    #expect(plan.locations[row.index]?.byteOffset == 2 * 4 * 4)
    #expect(plan.locations[turned.index] == plan.locations[y.index])
    #expect(plan.locations[column.index]?.home != plan.locations[y.index]?.home)
    #expect(MemoryPlanVerifier.problems(of: plan, for: b.graph) == [])
  }

  @Test func stepRowMovesWithTheStep() throws {
    var b = GraphBuilder(name: "rows")
    let table = b.input("table", .f32([4, 2, 6]))
    let row = try b.append(.stepRow, [table])
    let part = try b.reshape(try b.slice(row, axis: 0, start: 1, count: 1), [6])
    b.output("out", try b.unary(.tanh, part))
    let location = try #require(MemoryPlan(b.graph).locations[part.index])
    #expect(location.home == .source(table))
    #expect(location.stepByteStride == 48)
    #expect(location.byteOffset == 24)
  }

  @Test func operandReadLaterIsNotOverwritten() throws {
    var b = GraphBuilder(name: "late")
    let x = b.input("x", .f32([64]))
    let y = try b.unary(.tanh, x)
    let z = try b.unary(.exp, y)
    b.output("out", try b.add(try b.unary(.sin, z), y))
    let plan = MemoryPlan(b.graph)
    #expect(plan.locations[z.index]?.home != plan.locations[y.index]?.home)
    // `sin` goes over `exp` and the sum over `sin`, in the output's memory.
    #expect(plan.inPlaceCount == 2)
    #expect(plan.lowerBoundByteCount == 256)
  }

  @Test func swappedStatesAreExchanged() throws {
    var b = GraphBuilder(name: "swap")
    let s = b.source(.state("s"), .f32([4]))
    let t = b.source(.state("t"), .f32([4]))
    b.output("s", t, isState: true)
    b.output("t", s, isState: true)
    let plan = MemoryPlan(b.graph)
    #expect(plan.copies.count == 2)
    #expect(plan.arenaByteCount == 64)
    #expect(MemoryPlanVerifier.problems(of: plan, for: b.graph) == [])
  }

  @Test func historyMovesBeforeItsSourceIsReplaced() throws {
    var b = GraphBuilder(name: "history")
    let latent = b.source(.state("latent"), .f32([4]))
    let last = b.source(.state("last"), .f32([4]))
    let before = b.source(.state("before"), .f32([4]))
    b.output("before", last, isState: true)
    b.output("last", latent, isState: true)
    b.output("latent", try b.add(latent, before), isState: true)
    let plan = MemoryPlan(b.graph)
    #expect(MemoryPlanVerifier.problems(of: plan, for: b.graph) == [])
    #expect(plan.copies.map(\.output) == [0, 1, 2])
  }

  @Test func weightsOfProductsArePackedOnce() throws {
    var b = GraphBuilder(name: "weights")
    let x = b.input("x", .f32([3, 5]))
    let w = b.parameter("w", [33, 5])
    let table = b.parameter("table", [7, 5])
    let product = try b.matmul(x, w, transposeB: true)
    let again = try b.append(.linear(LinearEpilogue()), [x, w])
    let both = try b.matmul(x, table, transposeB: true)
    b.output("a", product)
    b.output("b", again)
    b.output("c", try b.append(.reduce(.sum, axes: [1]), [table]))
    b.output("d", both)
    let plan = MemoryPlan(b.graph)
    #expect(plan.weights.count == 3)
    // 33 columns fill two panels of 32, 7 fill one; the table is kept as rows too: 140 bytes.
    #expect(plan.weightByteCount == 64 * 5 * 4 + 32 * 5 * 4 + 192)
    #expect(plan.locations[w.index] == nil)
  }

  @Test(arguments: 0..<60) func randomGraphsArePlannedRightly(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), opCount: 80)
    let plan = MemoryPlan(graph)
    #expect(MemoryPlanVerifier.problems(of: plan, for: graph) == [])
    #expect(plan.arenaByteCount >= plan.lowerBoundByteCount)
    #expect(plan.ratio <= 1.25)
  }
}
