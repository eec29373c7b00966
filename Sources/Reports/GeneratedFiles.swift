import Compiler
import Diagnostics
import Documents
import GraphIR
import ModelSpec
import Schedules
import Tensors

/// A file that only the tool writes.
package struct GeneratedFile: Sendable, Hashable {
  /// Where it is, relative to the project.
  package var path: String
  /// What it holds.
  package var text: String
}

/// The files that describe the spec language: its JSON Schema and its reference page.
package func languageFiles() -> [GeneratedFile] {
  [
    GeneratedFile(
      path: "Generated/ditharos.schema.json", text: specJSONSchema().text() + "\n"),
    GeneratedFile(path: "Generated/spec.md", text: referencePage()),
  ]
}

/// The files of one spec: the graphs before and after the passes, the plan, the parameters.
///
/// - Parameters:
///   - loaded: The spec.
///   - name: The name of its folder under `Generated/`.
/// - Throws: What compiling the spec throws.
package func generatedFiles(
  of loaded: LoadedSpec, name: String
) throws(DiagnosticsError) -> [GeneratedFile] {
  var options = CompileOptions()
  options.isVerifying = true
  let compiler = try ModelCompiler(loaded, options: options)
  var graphs: [CompiledGraph] = []
  var stepCount = 1
  if loaded.spec.denoiser == nil {
    for name in ["encode", "decode"] {
      if let graph = try compiler.entry(name) { graphs.append(graph) }
    }
  } else {
    let model = try compiler.sampling()
    graphs = model.graphs
    stepCount = model.trajectory.timesteps.count
  }
  let figures = try compiler.figures(of: graphs, stepCount: stepCount)
  let folder = "Generated/\(name)"
  return [
    GeneratedFile(
      path: "\(folder)/lowered.ir",
      text: graphs.map { printed($0.lowered, title: $0.name) }.joined(separator: "\n")),
    GeneratedFile(
      path: "\(folder)/fused.ir",
      text: graphs.flatMap { graph in
        graph.staged.stages.map { stage in
          printed(
            stage.graph,
            title: graph.staged.stages.count == 1
              ? graph.name : "\(graph.name), stage \(stage.binding.rawValue)")
        }
      }.joined(separator: "\n")),
    GeneratedFile(
      path: "\(folder)/plan.txt", text: PlanReport(figures).text(machine: nil)),
    GeneratedFile(
      path: "\(folder)/parameters.txt", text: parameterList(loaded.spec)),
  ]
}

private func printed(_ graph: Graph, title: String) -> String {
  let text = GraphPrinter.print(graph).text
  return "; \(title)\n" + (text.hasSuffix("\n") ? text : text + "\n")
}

/// Name, extents and use of every parameter, and their number.
private func parameterList(_ spec: ModelSpec) -> String {
  let declarations = spec.parameterDeclarations
  let width = declarations.map(\.name.count).max() ?? 0
  let lines = declarations.map { declaration in
    let use =
      declaration.isBuffer ? "buffer" : declaration.isLearnable ? "learnable" : "frozen"
    let shape = Shape(declaration.dimensions).description
    return "\(filled(declaration.name, to: width))  \(filled(shape, to: 14))  \(use)"
  }
  return lines.joined(separator: "\n") + "\n\n\(grouped(spec.parameterCount)) parameters\n"
}
