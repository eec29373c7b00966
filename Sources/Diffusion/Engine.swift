import Compiler
import Diagnostics
import GraphIR
import Kernels
import ModelSpec
import Runtime
import Tensors
import Weights

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What executes graphs: kernels, threads, and one store for the weights of all graphs.
package final class Engine {
  /// The kernels.
  package let row: KernelRow
  /// The threads.
  package let pool: ThreadPool
  private let store: WeightStore

  /// An engine for a model.
  ///
  /// - Parameters:
  ///   - parameters: The values of the model's parameters.
  ///   - threads: The number of threads; nil takes the processor's physical cores, or its quota.
  /// - Throws: Rule `run.memory` when threads cannot be made; `options.kernels` for a name of
  ///   kernels that is not known here.
  package init(parameters: ParameterSource, threads: Int?) throws(DiagnosticsError) {
    row = try Self.selectedRow()
    let count = threads ?? Processor.current().defaultThreadCount
    guard let pool = ThreadPool(threadCount: count) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.memory, "\(count) threads cannot be made", help: "use fewer --threads"))
    }
    self.pool = pool
    store = WeightStore(parameters)
  }

  /// The kernels that run here: the processor's best, or those that the environment names.
  ///
  /// - Throws: `options.kernels` for a name of kernels that is not known here.
  package static func selectedRow() throws(DiagnosticsError) -> KernelRow {
    do throws(UnsupportedKernelRow) {
      return try KernelRow.selected()
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.kernels, "\(error)",
          help: "unset \(KernelRow.environmentKey), or set it to one of those"))
    }
  }

  /// A compiled graph bound to memory.
  ///
  /// - Throws: Rule `run.memory`, and what reading weights throws.
  package func executable(_ graph: CompiledGraph) throws(DiagnosticsError) -> Executable {
    do {
      return try Executable(graph.staged, graph.plan, weights: store, pool: pool, row: row)
    } catch let error as DiagnosticsError {
      throw error
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.memory, "`\(graph.name)` cannot be set up: \(error)",
          help: "`plan` states the memory that a run needs"))
    }
  }
}

extension ModelSpec {
  /// The model's parameters from the spec, a file or a generator.
  ///
  /// - Parameters:
  ///   - argument: A file, a folder or `random:SEED`; nil takes the spec's file.
  ///   - folder: The folder of the spec, which the spec's file may not leave.
  /// - Throws: Rules `weights.*`; where the spec chose the weights, with that key.
  package func openParameters(
    _ argument: String?, folder: String
  ) throws(DiagnosticsError) -> ParameterSource {
    do throws(DiagnosticsError) {
      var path = argument
      if path == nil, let file = weights?.file { path = try resolved(file, in: folder) }
      return try ParameterSource.open(
        parameterDeclarations.map { WantedParameter(name: $0.name, dimensions: $0.dimensions) },
        inline: parameters.map { (name: $0.name, value: $0.value) },
        weights: path, layout: weights?.layout ?? "ditharos")
    } catch {
      if argument != nil { throw error }
      throw DiagnosticsError(error.diagnostics.map { $0.about("weights") })
    }
  }

  /// The path of a file that the spec names; links that lead out of its folder are refused.
  private func resolved(_ file: String, in folder: String) throws(DiagnosticsError) -> String {
    let base = folder.isEmpty ? "." : folder
    let path = "\(base)/\(file)"
    guard let real = realPath(path), let home = realPath(base) else { return path }
    guard real.hasPrefix(home == "/" ? home : home + "/") else {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.file, "`\(path)` leads out of the spec's folder, to `\(real)`",
          help: "name the file with --weights, or put it beside the spec"))
    }
    return path
  }
}

/// A path without links; nil when nothing is there.
private func realPath(_ path: String) -> String? {
  guard let resolved = realpath(path, nil) else { return nil }
  defer { free(resolved) }
  return String(cString: resolved)
}

/// Turns a runtime's complaint about a tensor into a diagnostic.
func checked<Result>(
  _ rule: Rule, _ body: () throws -> Result
) throws(DiagnosticsError) -> Result {
  do {
    return try body()
  } catch let error as DiagnosticsError {
    throw error
  } catch {
    throw DiagnosticsError(Diagnostic(rule, "\(error)"))
  }
}
