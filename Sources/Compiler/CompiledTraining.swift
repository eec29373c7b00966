import Diagnostics
import GraphIR
import Lowering
import ModelSpec
import Planning
import Runtime
import Tensors
import Transforms

/// What a training changes.
package enum TrainingStage: String, Sendable, Hashable, CaseIterable {
  /// Encoder and decoder, so that pictures come back from their latents.
  case autoencoder
  /// Everything but the autoencoder.
  case denoiser
}

/// The graphs of a training, compiled; they share the states of the parameters.
package struct CompiledTraining: Sendable {
  /// What changes.
  package var stage: TrainingStage
  /// The spec, in the batch of the training.
  package var spec: ModelSpec
  /// The parameters that change, in the order of the forward pass.
  package var parameters: [ParameterDeclaration]
  /// The loss of one batch, `ModelGraphs.loss` or `ModelGraphs.reconstructionLoss`, and its
  /// gradients: where several batches make a step they are added to those of the states.
  package var gradients: CompiledGraph
  /// What `gradients` computes twice to save memory.
  package var recomputation: Recomputation
  /// What the graphs share: parameters, gradients, moments and averages.
  package var states: [NamedTensor]
  /// The squares of the gradients.
  package var squares: CompiledGraph
  /// The step of the optimiser.
  package var update: CompiledGraph
}

extension ModelCompiler {
  /// The graphs that train a part of the model.
  ///
  /// - Parameters:
  ///   - sampleByteCount: The bytes of the samples, which `limits.peak_memory` must hold too.
  ///   - threadCount: The threads, each of which has scratch of its own.
  /// - Throws: Rule `compiler.no-training` when the spec describes none; `compiler.no-denoiser`;
  ///   `compiler.broken-graph` for a fault of the program.
  package func training(
    _ stage: TrainingStage = .denoiser, sampleByteCount: Int = 0, threadCount: Int = 1
  ) throws(DiagnosticsError) -> CompiledTraining {
    guard let training = spec.training else {
      throw DiagnosticsError(
        Diagnostic(
          CompileRules.noTraining, "`\(spec.name)` says nothing about training",
          help: "write for example `training: {optimizer: {kind: adamw, learning_rate: 1e-4}}`",
          at: range(of: "")))
    }
    if stage == .denoiser { _ = try trajectory() }
    return try located { () throws(GraphError) in
      let loss =
        switch stage {
        case .denoiser: try ModelGraphs.loss(spec, batch: options.batch)
        case .autoencoder: try ModelGraphs.reconstructionLoss(spec, batch: options.batch)
        }
      guard let loss else { throw GraphError("there is no \(stage.rawValue) to train") }
      let read = loss.graph.parameterNames
      let parameters = spec.parameterDeclarations.filter {
        $0.isLearnable && read.contains($0.name)
      }
      // Of attention the gradient is one operation, and stores no scores.
      let passes = options.pipeline.filter { $0.name == Pass.attention.name }
      var graph = try PassPipeline.run(passes, on: loss.graph, verifying: options.isVerifying).graph
      graph = try differentiated(
        graph, loss: "loss", withRespectTo: parameters.map(\.name), holding: loss.held)
      graph.outputs.removeAll { loss.held.contains($0.name) }
      graph = try accumulating(graph, parameters, isSum: training.accumulate > 1)
      let states = training.states(of: parameters)
      let squares = try whole(ModelGraphs.gradientSquares(of: parameters))
      let update = try whole(ModelGraphs.update(spec, parameters))
      let kept = states.reduce(sampleByteCount) { $0 + alignedByteCount($1.type.byteCount) }
      let (gradients, recomputation) = try gradients(graph) { gradients throws(GraphError) in
        var sum = kept
        for graph in [gradients, squares, update] {
          sum += try graph.byteCount(sharing: states, threadCount: threadCount)
        }
        return sum
      }
      return CompiledTraining(
        stage: stage, spec: spec, parameters: parameters, gradients: gradients,
        recomputation: recomputation, states: states, squares: squares, update: update)
    }
  }

  /// The graph of the gradients, which computes activations twice, and more only where
  /// `limits.peak_memory` asks for it; all that it can where even that is not enough.
  ///
  /// - Parameter byteCount: The bytes of a training with that graph.
  private func gradients(
    _ graph: Graph, byteCount: (CompiledGraph) throws(GraphError) -> Int
  ) throws(GraphError) -> (CompiledGraph, Recomputation) {
    // What is computed twice must not be merged again.
    let isSimplifying = { (pass: Pass) in Pass.simplificationNames.contains(pass.name) }
    let simplified = try PassPipeline.run(
      options.pipeline.filter(isSimplifying), on: graph, verifying: options.isVerifying
    ).graph
    func compiled(_ what: Recomputation) throws(GraphError) -> CompiledGraph {
      try CompiledGraph(
        simplified.recomputing(what, loss: "loss"), isStaged: false,
        passes: options.pipeline.filter { !isSimplifying($0) }
          + PassPipeline.gradientPasses(for: options.precision), isVerifying: options.isVerifying)
    }
    var result = (try compiled(.activations), Recomputation.activations)
    guard let limit = spec.limits?.peakMemory else { return result }
    for what in [Recomputation.elementwise, .blocks] where try byteCount(result.0) > limit {
      result = (try compiled(what), what)
    }
    return result
  }
}

extension CompiledGraph {
  /// The bytes that it takes beside the states that it shares.
  fileprivate func byteCount(
    sharing states: [NamedTensor], threadCount: Int
  ) throws(GraphError) -> Int {
    let shared = Set(states.map(\.name))
    let tensors = NamedTensors(staged)
    let own = (tensors.inputs + tensors.states + tensors.results)
      .filter { !shared.contains($0.name) }
      .reduce(0) { $0 + alignedByteCount($1.type.byteCount) }
    do {
      let outline = try ProgramOutline(staged, plan)
      return plan.arenaByteCount + own + outline.scratchByteCount(threadCount: threadCount)
    } catch {
      throw GraphError("\(error)")
    }
  }
}

extension TrainingSpec {
  /// What a training of parameters keeps from step to step.
  fileprivate func states(of parameters: [ParameterDeclaration]) -> [NamedTensor] {
    parameters.flatMap { parameter in
      var names = [parameter.name, TrainingState.gradient(parameter.name)]
      if case .adamW = optimizer {
        names.append(TrainingState.firstMoment(parameter.name))
        names.append(TrainingState.secondMoment(parameter.name))
      }
      if ema != nil { names.append(TrainingState.average(parameter.name)) }
      return names.map { NamedTensor(name: $0, type: .f32(parameter.dimensions)) }
    }
  }
}

/// A graph whose outputs `gradient.NAME` become states, and whose parameters are states that stay.
///
/// - Parameter isSum: Whether a gradient is added to its state, rather than replacing it.
private func accumulating(
  _ graph: Graph, _ parameters: [ParameterDeclaration], isSum: Bool
) throws(GraphError) -> Graph {
  var graph = graph
  let names = Set(parameters.map(\.name))
  for (index, node) in graph.nodes.enumerated() {
    if case .parameter(let parts) = node.op, parts.count == 1, names.contains(parts[0]) {
      graph.nodes[index].op = .state(parts[0])
      graph.outputs.append(Output(parts[0], ValueID(index), isState: true))
    }
  }
  var gradients: [String: ValueID] = [:]
  for name in names {
    let output = TrainingState.gradient(name)
    gradients[name] = graph.output(named: output)
  }
  let outputs = Set(names.map(TrainingState.gradient))
  graph.outputs.removeAll { outputs.contains($0.name) }
  var builder = GraphBuilder(extending: graph)
  builder.origin = Origin("training.accumulate")
  for parameter in parameters {
    guard let gradient = gradients[parameter.name] else { continue }
    let name = TrainingState.gradient(parameter.name)
    let sum = builder.source(.state(name), .f32(parameter.dimensions))
    builder.output(name, isSum ? try builder.add(sum, gradient) : gradient, isState: true)
  }
  return builder.graph.compacted()
}

extension Graph {
  /// The names of the parameters that are read.
  fileprivate var parameterNames: Set<String> {
    var names: Set<String> = []
    for node in nodes { if case .parameter(let parts) = node.op { names.formUnion(parts) } }
    return names
  }
}
