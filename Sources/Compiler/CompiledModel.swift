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
  /// The change of the first block below which a step skips the others; nil where none can.
  package var skippingThreshold: Double?
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

  /// The multiply-accumulates of one step that skips nothing, guidance included.
  package var macsPerStep: Int {
    step.staged.stepStages.map(\.graph).reduce(0) { sum, graph in
      graph.values.reduce(sum) { $0 + graph.multiplyAccumulates(of: $1) }
    }
  }
}
