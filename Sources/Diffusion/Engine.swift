import Compiler
import Diagnostics
import GraphIR
import Kernels
import ModelSpec
import Planning
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
  package convenience init(
    parameters: ParameterSource, threads: Int?
  ) throws(DiagnosticsError) {
    try self.init(parameters: parameters, pool: Self.threadPool(threadCount: threads))
  }

  /// An engine for a model on threads that others may share.
  ///
  /// - Throws: `options.kernels` for a name of kernels that is not known here.
  package init(parameters: ParameterSource, pool: ThreadPool) throws(DiagnosticsError) {
    row = try Self.selectedRow()
    self.pool = pool
    store = WeightStore(parameters)
  }

  /// A number of threads; nil takes the processor's physical cores, or its quota.
  ///
  /// - Throws: Rule `run.memory` when they cannot be made.
  package static func threadPool(threadCount: Int?) throws(DiagnosticsError) -> ThreadPool {
    let count = threadCount ?? Processor.current().defaultThreadCount
    guard let pool = ThreadPool(threadCount: count) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.memory, "\(count) threads cannot be made", help: "use fewer --threads"))
    }
    return pool
  }

  /// Measures how fast kernels are here, which takes some seconds.
  ///
  /// - Parameter passes: How often each is measured to find the best; nil takes as often as some
  ///   seconds hold.
  /// - Throws: Rule `run.memory` when the machine has no memory to measure in.
  package static func measureMachine(
    _ row: KernelRow, _ pool: ThreadPool, key: MachineProfile.Key, passes: Int?
  ) throws(DiagnosticsError) -> MachineProfile {
    try checked(DiffusionRules.memory) {
      var effort = MachineMeasurement.Effort.full
      if let passes {
        effort.passes = passes
        effort.seconds = .infinity
      }
      return try MachineMeasurement(row: row, pool: pool, effort: effort).profile(key)
    }
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
  /// - Parameter states: Where states lie that it shares with others.
  /// - Throws: Rule `run.memory`, and what reading weights throws.
  package func executable(
    _ graph: CompiledGraph, sharing states: SharedStates? = nil
  ) throws(DiagnosticsError) -> Executable {
    do {
      return try Executable(
        graph.staged, graph.plan, weights: store, sharing: states, pool: pool, row: row)
    } catch let error as DiagnosticsError {
      throw error
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.memory, "`\(graph.name)` cannot be set up: \(error)",
          help: "`plan` states the memory that a run needs"))
    }
  }

  /// Lends the bytes of a weight in the layout of kernels, which are not kept.
  ///
  /// - Throws: `RuntimeError` when there is no memory, or a parameter does not fit; what `body`
  ///   throws.
  func withBytes(
    of weight: StoredWeight, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try store.withBytes(of: weight, pool: pool, body)
  }
}

extension ModelSpec {
  /// The model's parameters from the spec, a file or a generator.
  ///
  /// - Parameters:
  ///   - argument: A file, a folder, a compiled model or `random:SEED`; nil takes the spec's file.
  ///   - folder: The folder of the spec, which the spec's file may not leave.
  /// - Throws: Rules `weights.*`; where the spec chose the weights, with that key.
  package func openParameters(
    _ argument: String?, folder: String
  ) throws(DiagnosticsError) -> ParameterSource {
    do throws(DiagnosticsError) {
      var path = argument
      if path == nil, let file = weights?.file { path = try self.path(of: file, in: folder) }
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
  func path(of file: String, in folder: String) throws(DiagnosticsError) -> String {
    let base = folder.isEmpty ? "." : folder
    let path = "\(base)/\(file)"
    guard let real = realPath(path), let home = realPath(base) else { return path }
    guard real == home || real.hasPrefix(home == "/" ? home : home + "/") else {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.file, "`\(path)` leads out of the spec's folder, to `\(real)`",
          help: "put the file beside the spec; weights can also be named with --weights"))
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
