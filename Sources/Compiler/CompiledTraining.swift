import Diagnostics
import GraphIR
import Lowering
import ModelSpec
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
  /// The loss of one batch, `ModelGraphs.loss` or `ModelGraphs.reconstructionLoss`, and its gradients: where several batches make a
  /// step they are added to those of the states.
  package var gradients: CompiledGraph
  /// The squares of the gradients.
  package var squares: CompiledGraph
  /// The step of the optimiser.
  package var update: CompiledGraph
}

extension ModelCompiler {
  /// The graphs that train a part of the model.
  ///
  /// - Throws: Rule `compiler.no-training` when the spec describes none; `compiler.no-denoiser`;
  ///   `compiler.broken-graph` for a fault of the program.
  package func training(
    _ stage: TrainingStage = .denoiser
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
      var graph = try differentiated(
        loss.graph, loss: "loss", withRespectTo: parameters.map(\.name), holding: loss.held)
      graph.outputs.removeAll { loss.held.contains($0.name) }
      graph = try accumulating(graph, parameters, isSum: training.accumulate > 1)
      return CompiledTraining(
        stage: stage, spec: spec, parameters: parameters, gradients: try whole(graph),
        squares: try whole(ModelGraphs.gradientSquares(of: parameters)),
        update: try whole(ModelGraphs.update(spec, parameters)))
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
