import GraphIR
import GraphSamples
import Tensors
import Testing

@Suite struct GraphTextTests {
  @Test func `the sample holds every op`() throws {
    var names: Set<String> = []
    for node in try everyOpGraph().nodes { names.insert(OpInfo(node.op).name) }
    let primitives = [
      "input", "state", "parameter", "constant", "table", "step_row", "matmul", "softmax",
      "layer_norm", "rms_norm", "group_norm", "convolution", "upsample", "gather", "reshape",
      "broadcast", "permute", "slice", "concat", "softmax_gradient",
    ]
    let fused = [
      "linear", "patch_linear", "affine", "norm_affine", "gated_add", "attention", "chain",
      "rms_norm_scale", "group_norm_affine", "convolution_epilogue", "cast",
      "norm_gradient", "attention_gradient", "reduce_product",
    ]
    let expected = Set(
      primitives + fused + UnaryOp.allCases.map(\.rawValue) + BinaryOp.allCases.map(\.rawValue)
        + ReduceOp.allCases.map { "reduce_\($0.rawValue)" })
    #expect(names == expected)
  }

  @Test func `a printed graph parses to itself and prints the same`() throws {
    let graph = try everyOpGraph()
    #expect(GraphVerifier.verify(graph).map(\.description) == [])
    let printed = GraphPrinter.print(graph)
    let parsed = try GraphParser.parse(printed.text, literals: printed.literals)
    #expect(parsed == graph)
    #expect(GraphPrinter.print(parsed) == printed)
    #expect(printed.literals.count == 2)
  }

  @Test(arguments: UInt64(1)...20)
  func `random graphs parse to themselves`(seed: UInt64) throws {
    let graph = try RandomGraph.make(seed: seed, opCount: 60)
    let printed = GraphPrinter.print(graph)
    #expect(try GraphParser.parse(printed.text, literals: printed.literals) == graph)
  }

  @Test(arguments: [false, true])
  func `a transformer parses to itself and fulfils the invariants`(fused: Bool) throws {
    let graph = try TransformerGraph().build(fused: fused)
    #expect(GraphVerifier.verify(graph).map(\.description) == [])
    let printed = GraphPrinter.print(graph)
    #expect(try GraphParser.parse(printed.text, literals: printed.literals) == graph)
  }

  @Test func `the text is as specified`() throws {
    let text = """
      graph @step {
        %0 = state @latent : f32[1,4] ; latent
        %1 = parameter @blocks.0.query.weight ++ @blocks.0.key.weight : f32[8,4] ; blocks[0]@3
        %2 = constant [1, -0, 0.5, 1e-07, inf, -inf, nan, 16777216] : f32[8] ; @2
        %3 = matmul %0, %1 {transpose_b} : f32[1,8]
        %4 = linear %0, %1, %2 {activation = relu, bias} : f32[1,8] ; "a b"@1
        %5 = table frequencies {count = 4, denominator = 128, maximum_period = 10000} : f32[4]
        %6 = chain %3, %4 {steps = [multiply($0, $1), relu(#0)]} : f32[1,8]
        %7 = input @"a \\"b\\"\\u{e9}" : i32[]
        return @"p q" %6, state @latent %0
      }

      """
    let graph = try GraphParser.parse(text)
    #expect(GraphPrinter.print(graph).text == text)
    #expect(graph.nodes[1].op == .parameter(["blocks.0.query.weight", "blocks.0.key.weight"]))
    #expect(graph.nodes[1].origin == Origin("blocks[0]", block: 3))
    #expect(graph.nodes[2].origin == Origin("", block: 2))
    #expect(graph.nodes[4].op == .linear(LinearEpilogue(bias: true, activation: .relu)))
    #expect(graph.nodes[7].op == .input("a \"b\"é"))
    #expect(
      graph.outputs == [
        Output("p q", ValueID(6)), Output("latent", ValueID(0), isState: true),
      ])
  }

  @Test func `spacing within a line is free`() throws {
    let graph = try GraphParser.parse(
      "\n graph  @g{\r\n%0=input @x:f32[ 2 ]\n\n%1 = relu   %0 :f32[2];  a@1\nreturn @y %1\n}")
    #expect(graph.nodes[1].origin == Origin("a", block: 1))
    #expect(graph.nodes.count == 2)
  }

  @Test func `equal elements under two shapes are two literals`() throws {
    let values = (0..<100).map(Float.init)
    var builder = GraphBuilder(name: "g")
    builder.output("a", builder.constant(Tensor([100], values)))
    builder.output("b", builder.constant(Tensor([10, 10], values)))
    builder.output("c", builder.constant(Tensor([100], values)))
    let printed = GraphPrinter.print(builder.graph)
    #expect(printed.literals.count == 2)
    #expect(
      try GraphParser.parse(printed.text, literals: printed.literals) == builder.graph)
  }

  struct Wrong: Sendable, CustomTestStringConvertible {
    let line: String
    let place: String
    let message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Wrong(line: "%1 = relu %0 : f32[3]", place: "3:16", message: "the type is f32[2], not f32[3]"),
    Wrong(line: "%2 = relu %0 : f32[2]", place: "3:1", message: "expected %1"),
    Wrong(line: "%1 = relu %1 : f32[2]", place: "3:11", message: "%1 is not defined above"),
    Wrong(line: "%1 = rely %0 : f32[2]", place: "3:6", message: "unknown op 'rely'"),
    Wrong(
      line: "%1 = relu %0 {bias} : f32[2]", place: "3:15",
      message: "relu has no attribute 'bias'"),
    Wrong(
      line: "%1 = layer_norm %0 : f32[2]", place: "3:6",
      message: "layer_norm needs the attribute 'epsilon'"),
    Wrong(
      line: "%1 = concat %0, %0 {axis = 0.5} : f32[4]", place: "3:21",
      message: "'axis' must be an integer"),
    Wrong(
      line: "%1 = input @x : f32[99999999999,99999999999]", place: "3:17",
      message: "[99999999999,99999999999] has too many elements"),
    Wrong(line: "%1 = input @x : f32[0]", place: "3:21", message: "expected an extent, found '0'"),
    Wrong(
      line: "%1 = input @x : f32[2]", place: "3:1",
      message: "'x' is the name of two inputs or states"),
    Wrong(
      line: "%1 = constant [1, 2, 3] : f32[2]", place: "3:6",
      message: "3 elements do not make a f32[2]"),
    Wrong(
      line: "%1 = constant digest:0123456789abcdef : f32[100]", place: "3:6",
      message: "the literal is not given"),
    Wrong(line: "%1 = constant [1e99] : f32[1]", place: "3:6", message: "'1e99' is not a number"),
    Wrong(line: "%1 = input @\"x : f32[2]", place: "3:24", message: "expected '\"'"),
    Wrong(line: "%1 = input @x ! f32[2]", place: "3:15", message: "unexpected character U+21"),
    Wrong(
      line: "%1 = attention %0 {heads = 0, scale = 1} : f32[2]", place: "3:6",
      message: "attention(f32[2]): 0 heads are out of range"),
  ])
  func `a wrong line is refused with its place`(wrong: Wrong) {
    let error = #expect(throws: GraphTextError.self) {
      try GraphParser.parse("graph @g {\n%0 = input @x : f32[2]\n\(wrong.line)\nreturn\n}\n")
    }
    #expect(error?.description == "\(wrong.place): \(wrong.message)")
  }

  @Test func `deep and long lists are refused`() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: GraphTextError.self) {
      try GraphParser.parse("graph @g {\n%0 = constant \(deep)")
    }
    let long = String(repeating: "1,", count: 100_000)
    #expect(throws: GraphTextError.self) {
      try GraphParser.parse("graph @g {\n%0 = constant [\(long)1] : f32[100001]\nreturn\n}")
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func `mutated text never traps and what parses is well formed`(seed: UInt64) throws {
    let printed = GraphPrinter.print(try everyOpGraph())
    let original = Array(printed.text.utf8)
    let words = ["99999999999999999999", "-1", "0", "%0", "f32[]", "i32[1]", "4294967296", "nan"]
    var random = SeededGenerator(seed: seed)
    for _ in 0..<150 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
        default:
          let word = words[Int.random(in: 0..<words.count, using: &random)]
          var end = place
          while end < bytes.count, (48...57).contains(bytes[end]) { end += 1 }
          bytes.replaceSubrange(place..<end, with: word.utf8)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let graph = try? GraphParser.parse(text, literals: printed.literals) else { continue }
      #expect(GraphVerifier.verify(graph).isEmpty)
      let again = GraphPrinter.print(graph)
      #expect(
        try GraphPrinter.print(GraphParser.parse(again.text, literals: again.literals)) == again)
    }
  }
}
