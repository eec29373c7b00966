import CMallocCounter
import GraphIR
import GraphSamples
import Kernels
import Planning
import Reference
import Runtime
import Tensors
import Testing
import Transforms

/// Graphs with values of 16 bits, on every kernel row, against the naive evaluator.
///
/// Products of `bf16` numbers are exact in `f32`, so that sums differ as sums of `f32` do; a result
/// that is rounded to `bf16` may differ by a unit in the last place, 2^-7 of its magnitude.
@Suite struct ShortValueTests {
  /// A graph that ends in one op of short operands.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var tolerance: Float
    var build: @Sendable (inout GraphBuilder) throws -> ValueID

    var testDescription: String { name }
  }

  private static let unit: Float = 0x1p-7

  private static func input(_ b: inout GraphBuilder, _ name: String, _ dimensions: Int...)
    -> ValueID
  {
    b.input(name, .f32(dimensions))
  }

  /// A short value: a norm of an input.
  private static func short(
    _ b: inout GraphBuilder, _ name: String, _ dimensions: Int...
  ) throws -> ValueID {
    let x = b.input(name, .f32(dimensions))
    return try b.append(.layerNorm(epsilon: 1e-6), [x], as: .bf16)
  }

  private static func weight(_ b: inout GraphBuilder, _ parts: [String], _ n: Int, _ k: Int)
    -> ValueID
  {
    b.source(.parameter(parts), TensorType(.bf16, [n, k]))
  }

  /// A short value as a product with a short weight sees it, so that an output is `f32`.
  private static func read(_ b: inout GraphBuilder, _ x: ValueID) throws -> ValueID {
    try b.append(.linear(LinearEpilogue()), [x, weight(&b, ["reader"], 5, b.shape(x)[-1])])
  }

  static let products: [Case] =
    OpTests.linear.map { epilogue in
      Case(name: "linear of f32 \(epilogue)", tolerance: 2e-5) { b in
        let operands = [input(&b, "x", 2, 5, 39), weight(&b, ["q", "k", "v"], 70, 39)]
        return try b.append(.linear(epilogue), operands + OpTests.operands(&b, epilogue))
      }
    }
    + OpTests.linear.map { epilogue in
      Case(name: "linear of bf16 \(epilogue)", tolerance: unit) { b in
        let operands = [try short(&b, "x", 2, 5, 39), weight(&b, ["q", "k", "v"], 70, 39)]
        return try b.append(.linear(epilogue), operands + OpTests.operands(&b, epilogue))
      }
    }
    + OpTests.linear.filter(\.isSingleKernel).map { epilogue in
      Case(name: "linear into bf16 \(epilogue)", tolerance: unit) { b in
        let operands = [input(&b, "x", 2, 5, 39), weight(&b, ["q", "k", "v"], 70, 39)]
        let y = try b.append(
          .linear(epilogue), operands + OpTests.operands(&b, epilogue), as: .bf16)
        return try read(&b, y)
      }
    }
    + OpTests.linear.map { epilogue in
      Case(name: "patch_linear \(epilogue)", tolerance: 2e-5) { b in
        let view = PatchView(
          split: [2, 3, 5, 2, 1, 3], order: [0, 2, 4, 3, 5, 1], rowAxisCount: 3, rows: [2, 5])
        let weight = b.source(.parameter(["w"]), TensorType(.bf16, [70, 3, 6]))
        let operands = [input(&b, "x", 2, 3, 10, 3), try b.reshape(weight, [70, 18])]
        return try b.append(.patchLinear(view, epilogue), operands + OpTests.operands(&b, epilogue))
      }
    } + [
      Case(name: "matmul with a packed parameter", tolerance: 2e-5) { b in
        try b.matmul(input(&b, "x", 2, 5, 9), weight(&b, ["w"], 35, 9), transposeB: true)
      },
      Case(name: "matmul of bf16 with a packed parameter", tolerance: unit) { b in
        let w = b.source(.parameter(["w"]), TensorType(.f32, [35, 9]))
        return try b.matmul(short(&b, "x", 2, 5, 9), w, transposeB: true)
      },
      Case(name: "linear of a piece", tolerance: unit) { b in
        let x = try b.reshape(short(&b, "x", 7, 9), [1, 7, 9])
        let piece = try b.slice(x, axis: 1, start: 3, count: 3)
        return try b.append(.linear(LinearEpilogue()), [piece, weight(&b, ["w"], 35, 9)])
      },
      Case(name: "linear over its residual", tolerance: 2e-5) { b in
        let residual = try b.unary(.tanh, input(&b, "r", 5, 70))
        let y = try b.append(
          .linear(LinearEpilogue(residual: true)),
          [input(&b, "x", 5, 9), weight(&b, ["w"], 70, 9), residual])
        return try b.append(.reduce(.sum, axes: [0]), [y])
      },
      Case(name: "linear into bf16 beside its residual", tolerance: unit) { b in
        let residual = try b.unary(.tanh, input(&b, "r", 5, 70))
        let y = try b.append(
          .linear(LinearEpilogue(residual: true)),
          [input(&b, "x", 5, 9), weight(&b, ["w"], 70, 9), residual], as: .bf16)
        return try read(&b, y)
      },
    ]

  static let attention: [Case] = [DType.f32, .bf16].flatMap { result in
    [
      Case(name: "attention of one operand into \(result)", tolerance: 2 * unit) { b in
        let x = try b.append(
          .linear(LinearEpilogue()), [input(&b, "x", 2, 11, 20), weight(&b, ["w"], 45, 20)],
          as: .bf16)
        let y = try b.append(.attention(heads: 3, scale: 0.4), [x], as: result)
        return result == .f32 ? y : try read(&b, y)
      },
      Case(name: "attention of three operands into \(result)", tolerance: 2 * unit) { b in
        let (q, k) = (try short(&b, "q", 2, 7, 15), try short(&b, "k", 2, 11, 15))
        let y = try b.append(
          .attention(heads: 3, scale: 0.4), [q, k, try short(&b, "v", 2, 11, 6)], as: result)
        return result == .f32 ? y : try read(&b, y)
      },
      Case(name: "attention of pieces into \(result)", tolerance: 2 * unit) { b in
        let all = try short(&b, "x", 1, 19, 12)
        let q = try b.slice(all, axis: 1, start: 1, count: 5)
        let k = try b.slice(all, axis: 1, start: 6, count: 6)
        let v = try b.slice(all, axis: 1, start: 13, count: 6)
        let y = try b.append(.attention(heads: 2, scale: 0.4), [q, k, v], as: result)
        return result == .f32 ? y : try read(&b, y)
      },
    ]
  }

  static let norms: [Case] = [
    Case(name: "layer_norm", tolerance: unit) { b in try read(&b, short(&b, "x", 3, 5, 19)) },
    Case(name: "norm_affine", tolerance: unit) { b in
      let x = try b.unary(.tanh, input(&b, "x", 2, 5, 19))
      let operands = [x, input(&b, "scale", 2, 1, 19), input(&b, "shift", 19)]
      return try read(&b, b.append(.normAffine(epsilon: 1e-6), operands, as: .bf16))
    },
  ]

  /// Values that are rounded as they are stored, and read by products.
  static let transposedCasts: [Case] =
    [(false, false), (false, true), (true, false), (true, true)].map { (a, b) in
      Case(name: "matmul of casts, transposed \(a) \(b)", tolerance: 2e-5) { builder in
        let x = try builder.append(
          .cast, [a ? input(&builder, "x", 2, 3, 9, 5) : input(&builder, "x", 2, 3, 5, 9)])
        let y = b ? input(&builder, "y", 3, 40, 9) : input(&builder, "y", 3, 9, 40)
        return try builder.matmul(x, y, transposeA: a, transposeB: b)
      }
    }

  static let casts: [Case] = [
    Case(name: "linear with a computed weight", tolerance: 2e-5) { b in
      let weight = try b.append(.cast, [input(&b, "w", 70, 9)])
      return try b.append(.linear(LinearEpilogue()), [input(&b, "x", 2, 5, 9), weight])
    },
    Case(name: "patch_linear with a computed weight", tolerance: 2e-5) { b in
      let view = PatchView(
        split: [2, 3, 5, 2, 1, 3], order: [0, 2, 4, 3, 5, 1], rowAxisCount: 3, rows: [2, 5])
      let weight = try b.append(.cast, [input(&b, "w", 70, 18)])
      return try b.append(
        .patchLinear(view, LinearEpilogue()), [input(&b, "x", 2, 3, 10, 3), weight])
    },
    Case(name: "a permutation into bf16", tolerance: 2e-5) { b in
      let x = try b.append(.permute([0, 2, 1, 3]), [input(&b, "x", 2, 5, 3, 9)], as: .bf16)
      return try b.matmul(x, input(&b, "y", 9, 4))
    },
    Case(name: "a slice and a broadcast into bf16", tolerance: 2e-5) { b in
      let x = try b.append(
        .slice(axis: 1, start: 3, count: 20), [input(&b, "x", 6, 30)], as: .bf16)
      let y = try b.append(.broadcast([20, 7]), [input(&b, "y", 20, 1)], as: .bf16)
      return try b.matmul(x, y)
    },
    Case(name: "functions into bf16", tolerance: unit) { b in
      let x = try b.append(.unary(.tanh), [input(&b, "x", 6, 30)], as: .bf16)
      let y = try b.append(
        .binary(.multiply), [input(&b, "y", 30, 8), input(&b, "z", 8)], as: .bf16)
      return try b.matmul(x, y)
    },
  ]

  @Test(arguments: products + attention + norms + transposedCasts + casts)
  func agreesWithTheEvaluator(_ test: Case) throws {
    var builder = GraphBuilder(name: test.name)
    builder.output("out", try test.build(&builder))
    try #require(GraphVerifier.verify(builder.graph).isEmpty)
    try expectAgreement(builder.graph, tolerance: test.tolerance)
  }

  private func transformer(fused: Bool, _ change: (inout TransformerGraph) -> Void) throws
    -> Graph
  {
    var sample = TransformerGraph()
    change(&sample)
    let graph = try sample.build(fused: fused)
    return try PassPipeline.run([.narrow], on: graph, verifying: true).graph
  }

  @Test(arguments: [true, false]) func transformerAgreesWithTheEvaluator(fused: Bool) throws {
    let graph = try transformer(fused: fused) {
      ($0.tokens, $0.width, $0.channels) = (13, 36, 3)
    }
    try expectAgreement(graph, step: 3, tolerance: 0.01)
  }

  @Test(arguments: [true, false])
  func transformerWithRoundedProductsAgrees(fused: Bool) throws {
    var sample = TransformerGraph()
    (sample.tokens, sample.width, sample.channels) = (13, 36, 3)
    let graph = try PassPipeline.run(
      [.roundProducts], on: sample.build(fused: fused), verifying: true
    ).graph
    try expectAgreement(graph, step: 3, tolerance: 0.01)
  }

  @Test(arguments: 0..<40) func randomGraphsAgreeWithTheEvaluator(seed: Int) throws {
    let graph = try PassPipeline.run(
      [.narrow], on: RandomGraph.make(seed: UInt64(seed), opCount: 60), verifying: true
    ).graph
    try expectAgreement(
      graph, seed: UInt64(seed), step: seed % 4, tolerance: 0.05, threads: 1 + seed % 3)
  }

  @Test(arguments: [true, false]) func bytesDoNotDependOnTheNumberOfThreads(fused: Bool) throws {
    let staged = StagedGraph(
      try transformer(fused: fused) { ($0.tokens, $0.width, $0.channels) = (29, 60, 5) })
    let bindings = SampleBindings(staged, seed: 9)
    for row in KernelRow.supported {
      let results = try (1...4).map { threads in
        let executable = try bindings.executable(staged, threads: threads, row: row)
        try executable.prepare()
        for step in 0..<3 { executable.step(step) }
        return try executable.state("latent").values.map(\.bitPattern)
      }
      #expect(results.allSatisfy { $0 == results[0] }, "\(row.name)")
    }
  }

  @Test func weightsAndValuesTakeHalfTheBytes() throws {
    // Widths that are multiples of 32 need no padding.
    let sizes: (inout TransformerGraph) -> Void = {
      ($0.tokens, $0.width, $0.channels) = (64, 128, 32)
    }
    let narrow = StagedPlan(StagedGraph(try transformer(fused: true, sizes)))
    var sample = TransformerGraph()
    sizes(&sample)
    let wide = StagedPlan(StagedGraph(try sample.build(fused: true)))
    func panelByteCount(_ plan: StagedPlan) -> Int {
      plan.weights.reduce(0) { sum, weight in
        if case .panels = weight.layout { sum + weight.byteCount } else { sum }
      }
    }
    #expect(2 * panelByteCount(narrow) == panelByteCount(wide))
    #expect(narrow.arenaByteCount < wide.arenaByteCount)
  }

  @Test func panelsPadToWholeTiles() {
    func byteCount(_ n: Int, _ k: Int, _ precision: Precision) -> Int {
      StoredWeight(
        source: .parameter(["w"], [n, k]), layout: .panels(n: n, k: k, precision)
      ).byteCount
    }
    #expect(byteCount(33, 5, .f32) == 64 * 5 * 4)
    #expect(byteCount(33, 5, .bf16) == 64 * 32 * 2)
    #expect(byteCount(32, 33, .bf16) == 32 * 64 * 2)
  }
}
