import Diagnostics
import GraphIR
import ModelSpec
import Planning
import Runtime
import Schedules
import Tensors
import Transforms

/// What a model costs, known before anything is allocated.
package struct PlanFigures: Sendable {
  /// One stage of one graph.
  package struct StageFigures: Sendable {
    /// The graph: `encode`, `noise`, `step` or `decode`.
    package var graph: String
    /// When the stage runs.
    package var binding: Binding
    /// How often it runs each time: pictures of a sample and tiles of a picture, or 1.
    package var pieces: Int
    /// Nodes after the passes.
    package var nodes: Int
    /// Kernel calls of one run.
    package var instructions: Int
    /// Multiply-accumulates of one run.
    package var macs: Int
    /// Floating-point operations of one run.
    package var flops: Int
    /// Bytes of the arena.
    package var arenaBytes: Int
    /// The largest sum of bytes alive at once.
    package var arenaLowerBoundBytes: Int
    /// The largest tensor alive where that sum is reached.
    package var peakTensor: String?
    /// The spec key of that tensor.
    package var peakOrigin: Origin?
    /// The bytes of that tensor.
    package var peakTensorBytes: Int
  }

  /// The multiply-accumulates of the nodes that one spec key is responsible for.
  package struct Work: Sendable {
    /// The canonical key.
    package var path: String
    /// Multiply-accumulates, all blocks together.
    package var macs: Int
    /// The number of blocks that share them; 0 outside the stack.
    package var blockCount: Int
  }

  /// The model's name.
  package var name: String
  /// The element type of weights and of the operands of products and attention.
  package var precision: Precision
  /// The number of parameters; buffers do not count.
  package var parameters: Int
  /// Whether there is a denoiser; the figures are else those of an autoencoder.
  package var hasDenoiser: Bool
  /// Multiply-accumulates of one forward pass of the denoiser at batch 1.
  package var macs: Int
  /// Multiply-accumulates of one step, guidance included.
  package var macsPerStep: Int
  /// The spec key with the most of them; nil where a step multiplies nothing.
  package var costliest: Work?
  /// Floating-point operations of a whole run, all stages and steps.
  package var flops: Int
  /// Nodes as lowered.
  package var nodes: Int
  /// Kernel calls, each stage counted once.
  package var instructions: Int
  /// Bytes of the arenas.
  package var arenaBytes: Int
  /// The sum of their lower bounds.
  package var arenaLowerBoundBytes: Int
  /// Bytes of the values that stages hand on.
  package var carriedBytes: Int
  /// Bytes of the weights as they are kept.
  package var weightBytes: Int
  /// Bytes that kernels use beside their operands, with one thread.
  package var scratchBytes: Int
  /// Bytes of inputs, states and results.
  package var interfaceBytes: Int
  /// The stages, in the order of a run.
  package var stages: [StageFigures]
  /// What the kernel calls of one step do; empty without a denoiser.
  package var stepWorks: [KernelWork]
  /// The steps of a run.
  package var stepCount: Int
  /// What the passes did.
  package var fusions: [Fusion]
  /// What they left alone.
  package var refused: [Refusal]

  private let fixedScratchBytes: Int
  private let scratchBytesPerThread: Int

  /// The figures of compiled graphs.
  ///
  /// - Parameters:
  ///   - spec: The spec, in the size asked for.
  ///   - graphs: The graphs of a run, in order.
  ///   - precision: What they were compiled for.
  ///   - prediction: One forward pass as lowered, at batch 1; nil without a denoiser.
  ///   - stepCount: How often the stage of the binding `step` runs in graph `step`.
  /// - Throws: `GraphError` when a node exceeds what the kernels can address.
  init(
    _ spec: ModelSpec, _ graphs: [CompiledGraph], _ precision: Precision, prediction: Graph?,
    stepCount: Int
  ) throws(GraphError) {
    name = spec.name
    self.precision = precision
    parameters = spec.parameterCount
    hasDenoiser = prediction != nil
    macs = prediction.map(Self.macs) ?? 0
    var (oneThread, twoThreads) = (0, 0)
    var stages: [StageFigures] = []
    flops = 0
    stepWorks = []
    self.stepCount = stepCount
    for graph in graphs {
      let outline: ProgramOutline
      do {
        outline = try ProgramOutline(graph.staged, graph.plan)
      } catch {
        throw GraphError("\(error)")
      }
      for (index, stage) in graph.staged.stages.enumerated() {
        let figures = StageFigures(
          graph.name, stage, graph.plan.plans[index], outline.instructionCounts[index],
          pieces: ["encode", "decode"].contains(graph.name) ? spec.autoencoderPieceCount : 1)
        let isLoop = graph.name == "step" && stage.binding.isInStep
        if isLoop { stepWorks += outline.works[index] }
        // The ceilings hold for one step; the largest integer stands for all that is above it.
        // A step that is skipped in part takes less.
        let runs = isLoop ? stepCount : stage.binding == .reuse ? 0 : figures.pieces
        let product = figures.flops.multipliedReportingOverflow(by: runs)
        let sum = flops.addingReportingOverflow(product.overflow ? .max : product.partialValue)
        flops = sum.overflow ? .max : sum.partialValue
        stages.append(figures)
      }
      oneThread += outline.scratchByteCount(threadCount: 1)
      twoThreads += outline.scratchByteCount(threadCount: 2)
    }
    scratchBytes = oneThread
    scratchBytesPerThread = twoThreads - oneThread
    fixedScratchBytes = 2 * oneThread - twoThreads
    self.stages = stages
    macsPerStep = stages.filter { $0.graph == "step" && $0.binding.isInStep }
      .reduce(0) { $0 + $1.macs }
    let step = graphs.first { $0.name == "step" }
    costliest = Self.costliest(step?.staged.stepStages.map(\.graph) ?? [])
    nodes = graphs.reduce(0) { $0 + $1.lowered.nodes.count }
    instructions = stages.reduce(0) { $0 + $1.instructions }
    arenaBytes = graphs.reduce(0) { $0 + $1.plan.arenaByteCount }
    arenaLowerBoundBytes = graphs.reduce(0) { $0 + $1.plan.lowerBoundByteCount }
    carriedBytes = graphs.reduce(0) { $0 + $1.plan.carriedByteCount }
    interfaceBytes = graphs.reduce(0) { $0 + $1.plan.interfaceByteCount }
    var seen: Set<StoredWeight> = []
    weightBytes = graphs.flatMap(\.plan.weights).filter { seen.insert($0).inserted }
      .reduce(0) { $0 + $1.byteCount }
    fusions = graphs.flatMap(\.made)
    refused = graphs.flatMap(\.refused)
  }

  /// Bytes that kernels use beside their operands, with a number of threads.
  package func scratchBytes(threads: Int) -> Int {
    fixedScratchBytes + scratchBytesPerThread * threads
  }

  /// Bytes of a run, with one thread.
  package var peakBytes: Int {
    arenaBytes + carriedBytes + weightBytes + scratchBytes + interfaceBytes
  }

  private static func costliest(_ graphs: [Graph]) -> Work? {
    var works: [Work] = []
    var indices: [String: Int] = [:]
    var blocks: [Set<Int>] = []
    for graph in graphs {
      for value in graph.values {
        let macs = graph.multiplyAccumulates(of: value)
        if macs == 0 { continue }
        let origin = graph[value].origin
        let index = indices[origin.path] ?? works.count
        if index == works.count {
          indices[origin.path] = index
          works.append(Work(path: origin.path, macs: 0, blockCount: 0))
          blocks.append([])
        }
        works[index].macs += macs
        if let block = origin.block { blocks[index].insert(block) }
      }
    }
    for index in works.indices { works[index].blockCount = blocks[index].count }
    return works.max { $0.macs < $1.macs }
  }

  fileprivate static func macs(_ graph: Graph) -> Int {
    graph.values.reduce(0) { $0 + graph.multiplyAccumulates(of: $1) }
  }
}

extension PlanFigures.StageFigures {
  fileprivate init(
    _ graph: String, _ stage: Stage, _ plan: MemoryPlan, _ instructions: Int, pieces: Int
  ) {
    self.init(
      graph: graph, binding: stage.binding, pieces: pieces, nodes: stage.graph.nodes.count,
      instructions: instructions, macs: PlanFigures.macs(stage.graph),
      flops: stage.graph.values.reduce(0) {
        $0 + stage.graph.floatingPointOperations(of: $1)
      },
      arenaBytes: plan.arenaByteCount, arenaLowerBoundBytes: plan.lowerBoundByteCount,
      peakTensor: plan.peakValue.map { value in
        "\(value) = \(OpInfo(stage.graph[value].op).name) : \(stage.graph[value].type)"
      },
      peakOrigin: plan.peakValue.map { stage.graph[$0].origin },
      peakTensorBytes: plan.peakValue.map { stage.graph[$0].type.byteCount } ?? 0)
  }
}

extension ModelCompiler {
  /// What a run costs; for a spec without a denoiser, what its autoencoder costs.
  ///
  /// - Throws: What `sampling` throws.
  package func figures() throws(DiagnosticsError) -> PlanFigures {
    if spec.denoiser == nil {
      var graphs: [CompiledGraph] = []
      for name in ["encode", "decode"] { if let graph = try entry(name) { graphs.append(graph) } }
      return try figures(of: graphs, stepCount: 1)
    }
    let model = try sampling()
    return try figures(of: model.graphs, stepCount: model.trajectory.timesteps.count)
  }

  /// What compiled graphs cost.
  ///
  /// - Throws: `compiler.broken-graph` for a fault of the program.
  package func figures(
    of graphs: [CompiledGraph], stepCount: Int
  ) throws(DiagnosticsError) -> PlanFigures {
    try located { () throws(GraphError) in
      try PlanFigures(
        spec, graphs, options.precision, prediction: try loweredPrediction(),
        stepCount: stepCount)
    }
  }
}
