import Diagnostics
import ModelSpec
import Planning

extension ModelCompiler {
  /// The weights that the model's graphs read, each once, in the order in which a run first reads
  /// them; those of single passes follow.
  ///
  /// They do not depend on steps, guidance, batch or size.
  ///
  /// - Throws: What `sampling` throws.
  package func storedWeights() throws(DiagnosticsError) -> [StoredWeight] {
    var graphs: [CompiledGraph] = []
    if spec.denoiser != nil, spec.diffusion != nil { graphs = try sampling().graphs }
    for name in ["prediction", "encode", "decode"] {
      if let graph = try entry(name) { graphs.append(graph) }
    }
    var seen: Set<StoredWeight> = []
    return graphs.flatMap(\.plan.weights).filter { seen.insert($0).inserted }
  }
}
