import Compiler
import Diagnostics
import GraphIR
import Kernels
import Lowering
import ModelSpec
import Runtime
import Schedules
import Tensors
import Transforms

/// Runs the whole way from a picture to the next once, and keeps every value that a person would
/// write down.
package struct Tracer {
  private let compiler: ModelCompiler
  private let traced: TracedGraph

  /// The most values of a tensor that a trace shows.
  package static let valueLimit = 4096

  /// A tracer of a compiler's model.
  ///
  /// - Throws: Rule `trace.size` for a model too large to read.
  package init(_ compiler: ModelCompiler) throws(DiagnosticsError) {
    self.compiler = compiler
    traced = try compiler.trace()
    try checkSize()
  }

  /// The values of one trace; with `training` in the spec, also gradients and one optimiser step.
  ///
  /// - Parameter engine: Made for the model's parameters.
  /// - Throws: Rules `run.*`.
  package func trace(
    _ conditions: ConditionRequest, engine: Engine
  ) throws(DiagnosticsError) -> TraceResult {
    let spec = compiler.spec
    var graph = traced.graph
    let learnable = spec.parameterDeclarations.filter(\.isLearnable).map(\.name)
    if let training = spec.training {
      graph = try compiler.located { () throws(GraphError) in
        try differentiated(graph, loss: "loss", withRespectTo: learnable)
      }
      graph = try compiler.located { () throws(GraphError) in
        try descended(graph, learnable, training)
      }
    }
    var shown = Set<Int>()
    for probe in traced.probes {
      shown.insert(probe.value.index)
      for case .value(let value, _) in probe.equation { shown.insert(value.index) }
    }
    for index in shown.sorted() { graph.outputs.append(Output("value.\(index)", ValueID(index))) }
    let compiled = try compiler.compile(graph)
    let executable = try engine.executable(compiled)
    for (name, tensor) in try inputs(graph, conditions) {
      try checked(DiffusionRules.tensor) { try executable.set(name, tensor) }
    }
    return try checked(DiffusionRules.tensor) {
      try executable.run()
      var values = [Tensor?](repeating: nil, count: traced.graph.nodes.count)
      for index in shown.sorted() { values[index] = try executable.output("value.\(index)") }
      let isTraining = spec.training != nil
      return TraceResult(
        name: spec.name, depth: spec.denoiser?.depth ?? 0, probes: traced.probes, values: values,
        given: traced.graph.nodes.map { node in
          switch node.op {
          case .input, .parameter, .constant, .table: true
          default: false
          }
        },
        notes: notes(conditions, timestep: try compiler.tracedTrajectory().timesteps[0]),
        gradients: isTraining
          ? try learnable.map { (name: $0, value: try executable.output("gradient.\($0)")) } : [],
        updated: isTraining
          ? try learnable.map { (name: $0, value: try executable.output("updated.\($0)")) } : [],
        published: Set(spec.example?.published ?? []))
    }
  }

  /// What a person needs beside the matrices to work a step out.
  private func notes(_ conditions: ConditionRequest, timestep: Double) -> [Role: String] {
    let spec = compiler.spec
    var parts: [String] = []
    if let prompt = spec.denoiser?.conditioning.prompt {
      if let text = conditions.prompt ?? spec.example?.prompt { parts.append("prompt \"\(text)\"") }
      if !prompt.tableIsLearned, prompt.width == 1 {
        parts.append(
          "words "
            + prompt.vocabulary.map { "\($0.text) = \(Float($0.vector?.first ?? 0).shortest)" }
            .joined(separator: ", "))
      }
    }
    if let label = conditions.labels.first ?? spec.example?.label,
      spec.denoiser?.conditioning.label != nil
    {
      parts.append("label \(label)")
    }
    switch spec.denoiser?.conditioning.timestep {
    case .binary(let bits): parts.append("step \(Int(timestep)), in \(bits) binary digits")
    case .sinusoidal: parts.append("step \(Float(timestep).shortest)")
    case nil: break
    }
    return parts.isEmpty ? [:] : [.embed: parts.joined(separator: "; ")]
  }

  private func checkSize() throws(DiagnosticsError) {
    let largest = traced.probes.max {
      traced.graph[$0.value].type.shape.elementCount
        < traced.graph[$1.value].type.shape.elementCount
    }
    guard let largest else { return }
    let type = traced.graph[largest.value].type
    if type.shape.elementCount > Self.valueLimit {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.traceSize,
          "`\(compiler.spec.name)` is too large to trace: \(largest.role.rawValue).\(largest.name) "
            + "is \(type), and a trace shows at most \(Self.valueLimit) values of a tensor",
          help: "trace a smaller model, or use `eval` to get one result",
          path: traced.graph[largest.value].origin.path))
    }
  }

  /// The inputs of the traced graph, from the request and the spec's example.
  private func inputs(
    _ graph: Graph, _ conditions: ConditionRequest
  ) throws(DiagnosticsError) -> [(String, Tensor)] {
    let spec = compiler.spec
    var inputs = try spec.conditionInputs(conditions, batch: 1)
    var result: [(String, Tensor)] = []
    for node in graph.nodes {
      guard case .input(let name) = node.op, !result.contains(where: { $0.0 == name }) else {
        continue
      }
      if let tensor = inputs.removeValue(forKey: name) {
        result.append((name, tensor))
        continue
      }
      let isStepNoise = name == "step_noise"
      let example =
        name == "pixels" ? spec.example?.pixels : isStepNoise ? nil : spec.example?.noise
      let dimensions = node.type.shape.dimensions
      let count = node.type.shape.elementCount
      if let example, example.values.count == count {
        result.append((name, Tensor(dimensions, example.values)))
      } else if name == "pixels" {
        let low = Float(spec.pixels?.range.lowerBound ?? 0)
        result.append((name, Tensor(dimensions, [Float](repeating: low, count: count))))
      } else {
        let normals = philoxNormals(seed: 0, step: isStepNoise ? 1 : 0, count: count)
        result.append((name, Tensor(dimensions, normals)))
      }
    }
    return result
  }
}

/// A graph with the first step of the optimiser, neither clipped nor warmed up: outputs
/// `updated.NAME`.
///
/// The moments of AdamW's first step, their bias corrected, are the gradient and its square.
private func descended(
  _ graph: Graph, _ parameters: [String], _ training: TrainingSpec
) throws(GraphError) -> Graph {
  var builder = GraphBuilder(extending: graph)
  let rate = builder.scalar(training.learningRate)
  for name in parameters {
    let parameter = graph.values.first { graph[$0].op == .parameter([name]) }
    guard var value = parameter, var gradient = graph.output(named: "gradient.\(name)") else {
      continue
    }
    if case .adamW(let settings) = training.optimizer {
      let deviation = try builder.unary(.sqrt, builder.multiply(gradient, gradient))
      gradient = try builder.binary(
        .divide, gradient, builder.add(deviation, builder.scalar(settings.epsilon)))
      let decay = 1 - training.learningRate * settings.weightDecay
      if decay != 1 { value = try builder.multiply(value, builder.scalar(decay)) }
    }
    let step = try builder.multiply(gradient, rate)
    builder.output("updated.\(name)", try builder.subtract(value, step))
  }
  return builder.graph
}

extension Float {
  /// Without a point where it is whole.
  fileprivate var shortest: String {
    self == rounded() && abs(self) < 1e7 ? String(Int(self)) : "\(self)"
  }
}
