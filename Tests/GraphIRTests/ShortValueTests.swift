import GraphIR
import Reference
import Tensors
import Testing

/// Values of 16 bits in graphs.
@Suite struct ShortValueTests {
  /// The lines of a graph, its outputs last.
  private func parse(_ lines: String...) throws -> Graph {
    try GraphParser.parse("graph @g {\n" + lines.map { "  \($0)\n" }.joined() + "}\n")
  }

  @Test func `a graph with short values parses to itself`() throws {
    let graph = try parse(
      "%0 = input @x : f32[1,4,2]",
      "%1 = layer_norm %0 {epsilon = 0.01} : bf16[1,4,2]",
      "%2 = parameter @w : bf16[3,2,2]",
      "%3 = reshape %2 : bf16[6,2]",
      "%4 = linear %1, %3 {activation = relu} : bf16[1,4,6]",
      "%5 = attention %4 {heads = 1, scale = 0.5} : bf16[1,4,2]",
      "%6 = slice %5 {axis = 1, count = 2, start = 1} : bf16[1,2,2]",
      "%7 = parameter @v : bf16[2,2]",
      "%8 = linear %6, %7 : f32[1,2,2]",
      "%9 = matmul %8, %7 {transpose_b} : f32[1,2,2]",
      "return @y %9")
    #expect(GraphVerifier.verify(graph).isEmpty)
    let printed = GraphPrinter.print(graph)
    #expect(try GraphParser.parse(printed.text) == graph)
    #expect(graph[ValueID(4)].type == TensorType(.bf16, [1, 4, 6]))
  }

  @Test func `a graph with casts parses to itself`() throws {
    let graph = try parse(
      "%0 = state @w : f32[3,2]",
      "%1 = cast %0 : bf16[3,2]",
      "%2 = input @x : f32[4,2]",
      "%3 = permute %2 {axes = [1, 0]} : bf16[2,4]",
      "%4 = linear %2, %1 {activation = gelu} : bf16[4,3]",
      "%5 = matmul %4, %3 {transpose_a, transpose_b} : f32[3,2]",
      "return state @w %5")
    #expect(GraphVerifier.verify(graph).isEmpty)
    #expect(try GraphParser.parse(GraphPrinter.print(graph).text) == graph)
  }

  @Test(arguments: [
    ["%1 = softmax %0 : bf16[2,2]", "the type is f32[2,2], not bf16[2,2]"],
    ["%1 = relu %0 : bf16[2,2]", "output 'y' is bf16"],
    ["%1 = cast %0 : f32[2,2]", "the type is bf16[2,2], not f32[2,2]"],
    [
      "%1 = cast %0 : bf16[2,2]", "%2 = cast %1 : bf16[2,2]",
      "cast(bf16[2,2]): takes f32 operands",
    ],
    [
      "%1 = cast %0 : bf16[2,2]", "%2 = add %0, %1 : f32[2,2]",
      "add(f32[2,2], bf16[2,2]): takes f32 operands",
    ],
    [
      "%1 = parameter @w : bf16[2,2]", "%2 = matmul %0, %1 : f32[2,2]",
      "matmul cannot read %1, a bf16[2,2]",
    ],
    ["%1 = input @b : bf16[2,2]", "input makes bf16[2,2]; values are f32 or i32"],
    ["%1 = layer_norm %0 {epsilon = 0.01} : bf16[2,2]", "output 'y' is bf16"],
    [
      "%1 = parameter @w : f32[2,2]", "%2 = linear %0, %1 : bf16[2,2]",
      "the type is f32[2,2], not bf16[2,2]",
    ],
    [
      "%1 = parameter @w : bf16[2,2]", "%2 = linear %0, %1 {activation = sin} : bf16[2,2]",
      "the type is f32[2,2], not bf16[2,2]",
    ],
    [
      "%1 = parameter @w : bf16[2,2]", "%2 = add %0, %1 : f32[2,2]",
      "add(f32[2,2], bf16[2,2]): takes f32 operands",
    ],
    [
      "%1 = layer_norm %0 {epsilon = 0.01} : bf16[2,2]", "%2 = parameter @w : f32[2,2]",
      "%3 = linear %1, %2 : f32[2,2]", "linear(bf16[2,2], f32[2,2]): takes f32 operands",
    ],
    [
      "%1 = layer_norm %0 {epsilon = 0.01} : bf16[2,2]", "%2 = parameter @w : bf16[2,2]",
      "%3 = linear %0, %2, %1 {residual} : f32[2,2]",
      "linear(f32[2,2], bf16[2,2], bf16[2,2]): takes f32 operands beside its weight",
    ],
    [
      "%1 = layer_norm %0 {epsilon = 0.01} : bf16[2,2]",
      "%2 = permute %1 {axes = [1, 0]} : bf16[2,2]",
      "permute(bf16[2,2]): moves elements of f32 only",
    ],
    [
      "%1 = parameter @w : bf16[2,2]", "%2 = linear %1, %1 : f32[2,2]",
      "linear cannot read %1, a bf16[2,2]",
    ],
    [
      "%1 = parameter @w : bf16[4,2]", "%2 = slice %1 {axis = 0, count = 2, start = 0} : bf16[2,2]",
      "%3 = linear %0, %2 : f32[2,2]", "linear cannot read %2, a bf16[2,2]",
    ],
    [
      "%1 = layer_norm %0 {epsilon = 0.01} : bf16[2,2]", "%2 = reshape %1 : bf16[1,2,2]",
      "%3 = reshape %0 : f32[1,2,2]",
      "%4 = attention %2, %2, %3 {heads = 1, scale = 1} : f32[1,2,2]",
      "attention(bf16[1,2,2], bf16[1,2,2], f32[1,2,2]): takes operands that are all f32 or all bf16",
    ],
    [
      "%1 = parameter @s : f32[2,1]",
      "%2 = norm_affine %0, %1, %1 {epsilon = 0.01} : bf16[2,2]",
      "the type is f32[2,2], not bf16[2,2]",
    ],
  ])
  func `what no kernel reads or writes is refused`(lines: [String]) throws {
    let nodes = ["%0 = input @x : f32[2,2]"] + lines.dropLast()
    let text = (nodes + ["return @y %\(nodes.count - 1)"]).map { "  \($0)\n" }.joined()
    var found = ""
    do {
      _ = try GraphParser.parse("graph @g {\n\(text)}\n")
    } catch {
      found = error.message
    }
    #expect(found == lines.last)
  }

  @Test func `the evaluator rounds both operands of a product of which one is short`() throws {
    let graph = try parse(
      "%0 = input @x : f32[1,1]",
      "%1 = cast %0 : bf16[1,1]",
      "%2 = matmul %0, %1 : f32[1,1]",
      "%3 = matmul %1, %0 : f32[1,1]",
      "%4 = matmul %0, %0 : f32[1,1]",
      "return @right %2, @left %3, @neither %4")
    // Five eighths of the last place of bf16 above 1.
    let x = 1 + 5 * Float(0x1p-10)
    let results = try Evaluator(graph: graph).evaluate(inputs: ["x": Tensor([1, 1], [x])])
    let rounded: Float = 1 + 0x1p-7
    #expect(results["right"]?.values == [rounded * rounded])
    #expect(results["left"]?.values == [rounded * rounded])
    #expect(results["neither"]?.values == [x * x])
  }

  @Test func `the evaluator rounds values, and what is multiplied with a short weight`() throws {
    let graph = try parse(
      "%0 = input @x : f32[1,1]",
      "%1 = parameter @w : bf16[1,1]",
      "%2 = parameter @b : f32[1]",
      "%3 = linear %0, %1, %2 {bias} : f32[1,1]",
      "%4 = linear %0, %1, %2 {bias} : bf16[1,1]",
      "%5 = linear %4, %1 : f32[1,1]",
      "%6 = matmul %0, %1 {transpose_b} : f32[1,1]",
      "return @three %3, @five %5, @six %6")
    // One and five eighths of the last place of bf16, and one and three.
    let x = 1 + 5 * Float(0x1p-10)
    let w = 1 + 3 * Float(0x1p-10)
    let bias: Float = 0x1p-12
    let results = try Evaluator(graph: graph).evaluate(
      inputs: ["x": Tensor([1, 1], [x])],
      parameters: ["w": Tensor([1, 1], [w]), "b": Tensor([1], [bias])])
    #expect(results["three"]?.values == [1 + 0x1p-7 + 0x1p-12])
    #expect(results["five"]?.values == [1 + 0x1p-7])
    #expect(results["six"]?.values == [1 + 0x1p-7])
  }

  @Test(
    arguments: [
      (0x1p0, 0x1p0), (0x1.01p0, 0x1p0), (0x1.0100_02p0, 0x1.02p0), (0x1.03p0, 0x1.04p0),
      (-0x1.03p0, -0x1.04p0), (.infinity, .infinity), (-.infinity, -.infinity), (0, 0),
      (.greatestFiniteMagnitude, .infinity), (0x1p-140, 0), (0x1.8p-133, 0x1p-132),
    ] as [(Float, Float)])
  func `rounds to nearest, ties to even`(value: Float, expected: Float) {
    #expect(value.roundedToBFloat16 == expected)
    #expect(value.roundedToBFloat16.bitPattern & 0xffff == 0)
  }

  @Test func `not a number stays so`() {
    for bits: UInt32 in [0x7f80_0001, 0x7fff_ffff, 0xff80_0001, 0x7fc0_0000] {
      #expect(Float(bitPattern: bits).roundedToBFloat16.isNaN)
    }
    #expect((-Float(0)).roundedToBFloat16.sign == .minus)
  }
}
