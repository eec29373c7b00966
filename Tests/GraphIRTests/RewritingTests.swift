import GraphIR
import Tensors
import Testing

@Suite struct RewritingTests {
  /// `relu(x · wᵀ + b)` with a dead negation between.
  private func layer() throws -> Graph {
    var builder = GraphBuilder(name: "layer")
    let x = builder.input("x", .f32([2, 3]))
    let weight = builder.parameter("weight", [4, 3])
    let product = try builder.matmul(x, weight, transposeB: true)
    _ = try builder.unary(.negate, product)
    let bias = builder.parameter("bias", [4])
    let sum = try builder.add(product, bias)
    builder.output("y", try builder.unary(.relu, sum))
    return builder.graph
  }

  @Test func `compacting drops unreachable nodes and keeps the order of the others`() throws {
    let compact = try layer().compacted()
    #expect(
      compact.nodes.map { OpInfo($0.op).name } == [
        "input", "parameter", "matmul", "parameter", "add", "relu",
      ])
    #expect(compact.nodes[4].inputs == [ValueID(2), ValueID(3)])
    #expect(compact.outputs == [Output("y", ValueID(5))])
    #expect(compact.compacted() == compact)
  }

  @Test func `compacting keeps a state whose successor does not read it`() throws {
    var builder = GraphBuilder(name: "reset")
    _ = builder.source(.state("latent"), .f32([2]))
    _ = builder.input("unused", .f32([2]))
    let zero = builder.constant(Tensor([2], [0, 0]))
    builder.output("latent", zero, isState: true)
    let compact = builder.graph.compacted()
    #expect(compact.nodes.map { OpInfo($0.op).name } == ["state", "constant"])
    #expect(compact.outputs[0].value == ValueID(1))
  }

  @Test func `users list each reading place in order`() throws {
    var builder = GraphBuilder(name: "square")
    let x = builder.input("x", .f32([2]))
    let square = try builder.multiply(x, x)
    builder.output("y", try builder.add(square, x))
    #expect(
      builder.graph.users == [[ValueID(1), ValueID(1), ValueID(2)], [ValueID(2)], []])
  }

  @Test func `rewriting without a match gives the compacted graph`() throws {
    let graph = try layer()
    let rewritten = try graph.rewritten { _, _, _ in nil }
    #expect(rewritten == graph.compacted())
  }

  @Test func `a pattern is replaced at its last node and its other nodes disappear`() throws {
    let fused = try layer().rewritten { rebuilder, _, node throws(GraphError) in
      let graph = rebuilder.original
      guard case .unary(.relu) = node.op, case .binary(.add) = graph[node.inputs[0]].op else {
        return nil
      }
      let sum = graph[node.inputs[0]]
      let product = graph[sum.inputs[0]]
      let operands = [product.inputs[0], product.inputs[1], sum.inputs[1]].map(rebuilder.new)
      return try rebuilder.builder.append(
        .linear(LinearEpilogue(bias: true, activation: .relu)), operands)
    }
    #expect(
      fused.nodes.map { OpInfo($0.op).name } == ["input", "parameter", "parameter", "linear"])
    #expect(fused.output(named: "y") == ValueID(3))
  }

  @Test func `a node replaced ahead of its turn is not visited`() throws {
    var builder = GraphBuilder(name: "pair")
    let x = builder.input("x", .f32([2]))
    let first = try builder.unary(.exp, x)
    let second = try builder.unary(.exp, x)
    builder.output("y", try builder.add(first, second))
    var visited: [ValueID] = []
    let rewritten = try builder.graph.rewritten { rebuilder, old, _ throws(GraphError) in
      visited.append(old)
      if old == first { rebuilder.replace(second, with: try rebuilder.copy(first)) }
      return rebuilder.isReplaced(old) ? rebuilder.new(old) : nil
    }
    #expect(visited == [ValueID(0), ValueID(1), ValueID(3)])
    #expect(rewritten.nodes.count == 3)
    #expect(rewritten.nodes[2].inputs == [ValueID(1), ValueID(1)])
  }
}
