import GraphIR
import Tensors
import Testing

@Suite struct GraphVerifierTests {
  private static func node(_ op: Op, _ inputs: [Int], _ dimensions: [Int]) -> Node {
    Node(op, inputs.map(ValueID.init), .f32(dimensions), origin: Origin("key"))
  }

  struct Violation: Sendable, CustomTestStringConvertible {
    let message: String
    let nodes: [Node]
    var outputs: [Output] = []
    var testDescription: String { message }
  }

  @Test(arguments: [
    Violation(
      message: "relu reads %1, which is not made before it",
      nodes: [node(.input("x"), [], [2]), node(.unary(.relu), [1], [2])]),
    Violation(
      message: "relu reads %-1, which is not made before it",
      nodes: [node(.unary(.relu), [-1], [2])]),
    Violation(
      message: "output 'y' is %3, which no node makes", nodes: [],
      outputs: [
        Output("y", ValueID(3))
      ]),
    Violation(
      message: "relu makes f32[2], not f32[3]",
      nodes: [node(.input("x"), [], [2]), node(.unary(.relu), [0], [3])]),
    Violation(
      message: "matmul(f32[2,3], f32[2,3]): inner extents 3 and 2 differ",
      nodes: [
        node(.input("x"), [], [2, 3]),
        node(.matmul(transposeA: false, transposeB: false), [0, 0], [2, 3]),
      ]),
    Violation(
      message: "input makes f32[0], which no tensor can have", nodes: [node(.input("x"), [], [0])]),
    Violation(
      message: "input makes f32[4294967296,4294967296], which no tensor can have",
      nodes: [node(.input("x"), [], [1 << 32, 1 << 32])]),
    Violation(
      message: "input makes bf16[2]; values are f32 or i32",
      nodes: [Node(.input("x"), [], TensorType(.bf16, [2]), origin: Origin("key"))]),
    Violation(
      message: "parameter [\"w\"] is not f32",
      nodes: [Node(.parameter(["w"]), [], TensorType(.i32, [2]), origin: Origin("key"))]),
    Violation(
      message: "state 's' is not f32",
      nodes: [Node(.state("s"), [], TensorType(.i32, [2]), origin: Origin("key"))],
      outputs: [Output("s", ValueID(0), isState: true)]),
    Violation(
      message: "an i32 literal holds other than integers below 2^24",
      nodes: [
        Node(
          .constant(Tensor(TensorType(.i32, [1]), [0.5])), [], TensorType(.i32, [1]),
          origin: Origin("key"))
      ]),
    Violation(
      message: "relu(i32[2]): takes f32 operands",
      nodes: [
        Node(.input("x"), [], TensorType(.i32, [2]), origin: Origin("key")),
        node(.unary(.relu), [0], [2]),
      ]),
    Violation(message: "an input has no name", nodes: [node(.input(""), [], [2])]),
    Violation(message: "a parameter has no name", nodes: [node(.parameter([]), [], [2])]),
    Violation(
      message: "an output has no name", nodes: [node(.input("x"), [], [2])],
      outputs: [
        Output("", ValueID(0))
      ]),
    Violation(
      message: "'x' is the name of two inputs or states",
      nodes: [node(.input("x"), [], [2]), node(.input("x"), [], [2])]),
    Violation(
      message: "'y' is the name of two outputs", nodes: [node(.input("x"), [], [2])],
      outputs: [Output("y", ValueID(0)), Output("y", ValueID(0))]),
    Violation(
      message: "parameter [\"w\"] is f32[2] and f32[3]",
      nodes: [node(.parameter(["w"]), [], [2]), node(.parameter(["w"]), [], [3])]),
    Violation(
      message: "parameter 'w' has rows of [2] and [3]",
      nodes: [node(.parameter(["w"]), [], [4, 2]), node(.parameter(["w", "v"]), [], [8, 3])]),
    Violation(
      message: "state 's' has no successor among the outputs",
      nodes: [node(.state("s"), [], [2])]),
    Violation(
      message: "output 's' replaces a state that there is none of",
      nodes: [node(.input("x"), [], [2])], outputs: [Output("s", ValueID(0), isState: true)]),
    Violation(
      message: "state 's' is f32[2], its successor f32[3]",
      nodes: [node(.state("s"), [], [2]), node(.input("x"), [], [3])],
      outputs: [Output("s", ValueID(1), isState: true)]),
    Violation(
      message: "chain(f32[2]): a step reads a later step 0",
      nodes: [
        node(.input("x"), [], [2]),
        node(.chain(ElementwiseChain([.unary(.relu, .step(0))])), [0], [2]),
      ]),
    Violation(
      message: "table(): the width of a part must be even",
      nodes: [
        node(
          .table(.sincos(SincosTable(grid: [2], parts: [.init(axis: 0, width: 3)]))), [], [2, 3])
      ]),
    Violation(
      message: "step_row reads what differs from step to step",
      nodes: [node(.state("s"), [], [3, 2]), node(.stepRow, [0], [2])],
      outputs: [Output("s", ValueID(0), isState: true)]),
  ])
  func `each violation is found`(violation: Violation) {
    let graph = Graph(name: "g", nodes: violation.nodes, outputs: violation.outputs)
    #expect(GraphVerifier.verify(graph).map(\.message) == [violation.message])
  }

  @Test func `a nameless graph is found`() {
    #expect(GraphVerifier.verify(Graph(name: "")).map(\.message) == ["the graph has no name"])
  }

  @Test func `an error names its node and its spec key`() {
    let graph = Graph(
      name: "g", nodes: [Self.node(.input("x"), [], [2]), Self.node(.input("x"), [], [2])])
    let error = GraphVerifier.verify(graph).first
    #expect(error?.value == ValueID(1))
    #expect(error?.origin == Origin("key"))
  }

  @Test func `a graph with every op fulfils the invariants`() throws {
    #expect(GraphVerifier.verify(try everyOpGraph()).map(\.description) == [])
  }
}
