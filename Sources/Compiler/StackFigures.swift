import Diagnostics
import ModelSpec

extension ModelCompiler {
  /// The most equal blocks that are compiled one by one.
  static let compiledBlockCount = 24

  /// What a run costs, without compiling every block of a deep stack.
  ///
  /// Equal blocks cost the same, and hand their memory on: work, weights and carried tables grow by
  /// one block's share with each, the arena does not. Where the arena does grow, the whole stack
  /// is compiled. Counts of nodes and instructions, stages and fusions are those of the shorter
  /// stack.
  /// - Throws: What `figures` throws.
  func stackFigures() throws(DiagnosticsError) -> PlanFigures {
    let groups = spec.denoiser?.blocks ?? []
    let deep = groups.indices.filter { groups[$0].repeatCount > 2 * Self.compiledBlockCount }
    if deep.isEmpty { return try figures() }
    var short = self
    for group in deep {
      short.spec.denoiser?.blocks[group].repeatCount = Self.compiledBlockCount
    }
    let base = try short.figures()
    var result = base
    for group in deep {
      var longer = short
      longer.spec.denoiser?.blocks[group].repeatCount += 1
      let next = try longer.figures()
      guard next.arenaBytes == base.arenaBytes, next.scratchBytes == base.scratchBytes,
        next.interfaceBytes == base.interfaceBytes
      else { return try figures() }
      let count = groups[group].repeatCount - Self.compiledBlockCount
      result.macsPerStep += count * (next.macsPerStep - base.macsPerStep)
      result.weightBytes += count * (next.weightBytes - base.weightBytes)
      result.carriedBytes += count * (next.carriedBytes - base.carriedBytes)
      if let work = base.costliest, let more = next.costliest, work.path == more.path {
        result.costliest?.macs += count * (more.macs - work.macs)
        result.costliest?.blockCount += count * (more.blockCount - work.blockCount)
      }
    }
    return result
  }
}
