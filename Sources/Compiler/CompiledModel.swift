import GraphIR
import ModelSpec
import Planning
import Schedules
import Transforms

/// The graphs of a run, compiled.
package struct CompiledModel: Sendable {
  /// The spec, in the size that was asked for.
  package var spec: ModelSpec
  /// The steps.
  package var trajectory: SamplingTrajectory
  /// The guidance scale; 1 is none.
  package var guidance: Double
  /// Samples made together.
  package var batch: Int
  /// Pictures to latents, one at a time.
  package var encoder: CompiledGraph?
  /// Latents to noised latents, all samples together.
  package var noising: CompiledGraph?
  /// The steps, in stages.
  package var step: CompiledGraph
  /// Latents to pictures, one at a time.
  package var decoder: CompiledGraph?

  /// The graphs in the order of a run.
  package var graphs: [CompiledGraph] {
    [encoder, noising, step, decoder].compactMap(\.self)
  }

  /// The number of fusions, over all graphs; values in a shorter type are none.
  package var fusionCount: Int {
    graphs.flatMap(\.made).reduce(0) { $0 + ($1.kind == Pass.narrow.name ? 0 : $1.count) }
  }

  /// The multiply-accumulates of one step, guidance included.
  package var macsPerStep: Int {
    let graph = step.staged[.step]?.graph
    return graph.map { graph in graph.values.reduce(0) { $0 + graph.multiplyAccumulates(of: $1) } }
      ?? 0
  }
}
