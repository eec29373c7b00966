import GraphIR
import Tensors

/// The passes of the compiler, in the order in which they run.
///
/// Every subset of the list, in the same order, is correct; the empty one too.
package enum PassPipeline {
  /// Every pass.
  ///
  /// The gradients of norms come before the passes that would take their parts; attentions and
  /// linears come before `qkv`, which looks for both; modulation comes before gates,
  /// for which a scale and a shift would be taken; element-wise chains take what is left.
  package static let all: [Pass] = [
    .deadCode,
    .constantFolding,
    .commonSubexpressions,
    .attention,
    .normGradient,
    .reduceProduct,
    .linearBiasActivation,
    .qkv,
    .convolutionEpilogue,
    .groupNormAffine,
    .rmsNormScale,
    .scaleShift,
    .gateResidual,
    .patchify,
    .elementwise,
  ]

  /// The passes that follow any list where graphs are compiled for a precision.
  package static func passes(for precision: Precision) -> [Pass] {
    switch precision {
    case .f32: []
    case .bf16: [.narrow]
    }
  }

  /// The passes that follow those where a graph holds gradients.
  package static func gradientPasses(for precision: Precision) -> [Pass] {
    switch precision {
    case .f32: []
    case .bf16: [.roundProducts]
    }
  }

  /// No pass: graphs are executed as they were lowered.
  package static let none: [Pass] = []

  /// Runs passes one after the other.
  ///
  /// - Parameters:
  ///   - passes: The passes, in order.
  ///   - graph: A graph that fulfils the invariants of `GraphVerifier`.
  ///   - verifying: Whether to check the invariants after every pass.
  /// - Returns: The last graph, with the fusions and refusals of all passes.
  /// - Throws: `GraphError` that names the pass, when a pass breaks an invariant.
  package static func run(
    _ passes: [Pass], on graph: Graph, verifying: Bool = false
  ) throws(GraphError) -> PassResult {
    var result = PassResult(graph: graph, made: [], refused: [])
    for pass in passes {
      do throws(GraphError) {
        let next = try pass.run(result.graph)
        if verifying, let violation = GraphVerifier.verify(next.graph).first { throw violation }
        result.graph = next.graph
        result.made += next.made
        result.refused += next.refused
      } catch {
        throw GraphError("pass \(pass.name): \(error.message)", origin: error.origin)
      }
    }
    return result
  }
}
