import Compiler
import Diagnostics
import Foundation
import GraphIR
import ModelSpec
import Planning
import Tensors
import Testing
import Transforms

/// The specs of `Specs/`, against the DiT paper's table and the promises of the plan.
@Suite struct ShippedSpecTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let names: [String] = {
    let folder = root.appendingPathComponent("Specs").path
    let entries = try? FileManager.default.contentsOfDirectory(atPath: folder)
    return (entries ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
  }()

  @Test func `the specs are there`() { #expect(Self.names.count >= 6) }

  private func load(_ name: String) throws -> LoadedSpec {
    try loadSpec(file: Self.root.appendingPathComponent("Specs/\(name)").path)
  }

  /// Parameters and multiply-accumulates of arXiv 2212.09748, table 4, computed from the layer
  /// sizes.
  @Test(arguments: [
    ("dit-s-2.yaml", 32_865_056, 6.06), ("dit-b-4.yaml", 130_426_496, 5.57),
    ("dit-xl-2-256.yaml", 674_834_720, 118.62), ("dit-xl-2-512.yaml", 674_834_720, 524.54),
  ])
  func `parameters and work are those of the paper`(
    name: String, parameters: Int, billions: Double
  ) throws {
    let figures = try ModelCompiler(load(name)).figures()
    #expect(figures.parameters == parameters)
    #expect(abs(Double(figures.macs) / 1e9 - billions) < 0.005)
  }

  /// The sizes of the paper that are not shipped: parameters `L (18 D² + 15 D)` and the embedders,
  /// work `L (12 T D² + 2 T² D + 6 D²)` and the ends.
  @Test(arguments: [
    (12, 384, 6, 8), (12, 768, 12, 2), (24, 1024, 16, 2), (24, 1024, 16, 4), (28, 1152, 16, 8),
  ])
  func `other sizes follow the formula`(depth: Int, width: Int, heads: Int, patch: Int) throws {
    let text = """
      ditharos: 1
      name: other
      latent: {channels: 4, height: 32, width: 32}
      patch_size: \(patch)
      latent_dim: \(width)
      depth: \(depth)
      heads: \(heads)
      conditioning: {label: {classes: 1000, dropout: 0.1}, modulation: adaln_zero}
      diffusion: {schedule: linear, prediction: epsilon, variance: learned_range}
      """
    let figures = try ModelCompiler(SmallModels.load(text)).figures()
    let area = patch * patch
    #expect(
      figures.parameters == depth * (18 * width * width + 15 * width) + 4 * area * width + width
        + 257 * width + width * width + width + 1001 * width + 2 * width * width + 2 * width
        + 8 * area * width + 8 * area)
    let tokens = 1024 / area
    let block = 12 * tokens * width * width + 2 * tokens * tokens * width + 6 * width * width
    #expect(
      figures.macs == depth * block + tokens * 12 * area * width + 256 * width + width * width
        + 2 * width * width)
  }

  @Test(arguments: names, [1, 2])
  func `the arena is within 5 % of its lower bound, and the plans pass the checker`(
    name: String, batch: Int
  ) throws {
    for guidance in [1.0, 4.0] {
      let loaded = try load(name)
      let canGuide = loaded.spec.denoiser?.conditioning.label != nil
      if guidance != 1, !canGuide { continue }
      var options = CompileOptions()
      options.batch = batch
      options.guidance = guidance
      options.isVerifying = true
      let model = try ModelCompiler(loaded, options: options).sampling()
      for graph in model.graphs {
        for (stage, plan) in zip(graph.staged.stages, graph.plan.plans) {
          #expect(
            Double(plan.arenaByteCount) <= 1.05 * Double(plan.lowerBoundByteCount),
            "\(graph.name) \(stage.binding)")
          #expect(MemoryPlanVerifier.problems(of: plan, for: stage.graph).isEmpty)
        }
      }
    }
  }

  @Test(arguments: names)
  func `every graph survives its text form`(name: String) throws {
    let model = try ModelCompiler(load(name)).sampling()
    for graph in model.graphs {
      for one in [graph.lowered] + graph.staged.stages.map(\.graph) {
        let text = GraphPrinter.print(one)
        #expect(try GraphParser.parse(text.text, literals: text.literals) == one)
      }
    }
  }

  @Test(arguments: names)
  func `in bf16 the plans pass the checker and every graph survives its text form`(
    name: String
  ) throws {
    let loaded = try load(name)
    var options = CompileOptions()
    options.precision = .bf16
    options.isVerifying = true
    if loaded.spec.denoiser?.conditioning.label != nil { options.guidance = 4 }
    for passes in [PassPipeline.none, PassPipeline.all] {
      options.passes = passes
      let model = try ModelCompiler(loaded, options: options).sampling()
      for graph in model.graphs {
        for (stage, plan) in zip(graph.staged.stages, graph.plan.plans) {
          #expect(MemoryPlanVerifier.problems(of: plan, for: stage.graph).isEmpty)
          #expect(Double(plan.arenaByteCount) <= 1.05 * Double(plan.lowerBoundByteCount))
          let text = GraphPrinter.print(stage.graph)
          #expect(try GraphParser.parse(text.text, literals: text.literals) == stage.graph)
        }
      }
    }
  }

  @Test(arguments: ["dit-s-2.yaml", "dit-b-4.yaml", "dit-xl-2-256.yaml", "dit-xl-2-512.yaml"])
  func `in bf16 a DiT keeps its matrices in half the bytes, and rounds nothing else`(
    name: String
  ) throws {
    let loaded = try load(name)
    var options = CompileOptions()
    let wide = try ModelCompiler(loaded, options: options).figures()
    options.precision = .bf16
    let compiler = try ModelCompiler(loaded, options: options)
    let figures = try compiler.figures()
    #expect(figures.precision == .bf16)
    // The table of labels and vectors stay as they are.
    let labels = 1001 * (loaded.spec.denoiser?.latentDim ?? 0) * 4
    let ratio = Double(figures.weightBytes - labels) / Double(wide.weightBytes - labels)
    #expect(ratio < 0.51)
    #expect(figures.arenaBytes < wide.arenaBytes)
    #expect(figures.carriedBytes == wide.carriedBytes)
    #expect(figures.interfaceBytes == wide.interfaceBytes)
    #expect(figures.macs == wide.macs && figures.flops == wide.flops)
    #expect(figures.refused.filter { $0.kind == "narrow" } == [])
    for stage in try compiler.sampling().step.staged.stages {
      for node in stage.graph.nodes {
        switch node.op {
        case .normAffine, .layerNorm, .attention: #expect(node.type.dtype == .bf16)
        case .linear(let epilogue) where epilogue.residual: #expect(node.type.dtype == .f32)
        case .linear, .patchLinear, .reshape: break
        case .parameter(let parts):
          let isMatrix = node.type.shape.rank > 1 && parts != ["conditioning.label.weight"]
          #expect((node.type.dtype == .bf16) == isMatrix, "\(parts)")
        default: #expect(node.type.dtype != .bf16)
        }
      }
    }
  }

  @Test func `the worked example has the fusions that its text promises`() throws {
    let figures = try ModelCompiler(load("sora-by-hand.yaml")).figures()
    func count(_ kind: String) -> Int {
      figures.fusions.filter { $0.kind == kind }.reduce(0) { $0 + $1.count }
    }
    #expect(count("linear-bias-activation") >= 2)
    #expect(count("scale-shift") >= 1)
  }

  @Test func `lowering emits primitive ops only`() throws {
    for name in Self.names {
      let model = try ModelCompiler(load(name)).sampling()
      for graph in model.graphs {
        #expect(!graph.lowered.nodes.contains { OpInfo($0.op).isFused })
      }
    }
  }

  @Test func `a spec compiles to the graphs of its expansion`() throws {
    for name in Self.names {
      let loaded = try load(name)
      let expanded = try loadSpec(text: expand(loaded.spec), file: "expanded.yaml", folder: ".")
      #expect(expanded.spec == loaded.spec)
      let (a, b) = (
        try ModelCompiler(loaded).sampling(), try ModelCompiler(expanded).sampling()
      )
      #expect(a.graphs.map(\.lowered) == b.graphs.map(\.lowered))
    }
  }

  @Test func `budgets are enforced before anything is allocated`() throws {
    let text = """
      ditharos: 1
      name: large
      latent: {channels: 4, height: 64, width: 64}
      patch_size: 2
      latent_dim: 1152
      depth: 28
      heads: 16
      conditioning: {label: {classes: 1000, dropout: 0.1}, modulation: adaln_zero}
      limits: {peak_memory: 512MiB, parameters: 1G, macs_per_step: 2G}
      """
    let compiler = try ModelCompiler(SmallModels.load(text))
    let problems = compiler.exceededBudgets(try compiler.figures())
    #expect(problems.map(\.path) == ["limits.peak_memory", "limits.macs_per_step"])
    #expect(problems.allSatisfy { $0.primary?.start.line == 9 })
    #expect(problems.exitStatus == 5)
  }
}
