import Diagnostics
import GraphIR
import ModelSpec
import Tensors

/// The rules of budgets, the keys under `limits`.
package enum BudgetRules {
  /// A run takes more memory than allowed.
  package static let peakMemory = Rule(
    "budget.peak-memory", kind: .budget, summary: "A run keeps to its budget of memory.",
    explanation: """
      The plan says what a run will take: weights, arena, tables and scratch. It is compared with
      `limits` without allocating the model, and the message names the tensor at the peak, so that
      a change that needs too much is seen in review and not by running out of memory.
      """,
    failing: "limits: {peak_memory: 1KiB}",
    fixed: "limits: {peak_memory: 64MiB}")
  /// A model has more parameters than allowed.
  package static let parameters = Rule(
    "budget.parameters", kind: .budget, summary: "A model keeps to its budget of parameters.",
    explanation: """
      `limits` holds the budgets that a team agreed on. Parameters are counted without allocating
      them, and the message names the largest part.
      """,
    failing: "limits: {parameters: 5K}",
    fixed: "limits: {parameters: 20K}")
  /// A step multiplies more than allowed.
  package static let macsPerStep = Rule(
    "budget.macs-per-step", kind: .budget,
    summary: "A step keeps to its budget of multiply-accumulates.",
    explanation: """
      The time of a step follows its multiply-accumulates. They are counted in the compiled graph,
      guidance included, and the message names the layer with the most.
      """,
    failing: "limits: {macs_per_step: 1K}",
    fixed: "limits: {macs_per_step: 1G}")

  /// All of them.
  package static let all = [peakMemory, parameters, macsPerStep]
}

extension ModelCompiler {
  /// The budgets of the spec that the model exceeds; no tensor of the model is allocated.
  ///
  /// - Throws: What `figures` throws, where a budget needs a plan.
  package func exceededBudgets() throws(DiagnosticsError) -> [Diagnostic] {
    guard let limits = spec.limits else { return [] }
    if limits.peakMemory == nil, limits.macsPerStep == nil {
      return [exceededParameters(limits)].compactMap(\.self)
    }
    return exceededBudgets(try stackFigures())
  }

  /// The budgets of the spec that figures exceed, in the order of the keys of `limits`.
  ///
  /// Each stands at its limit, names the tensor or layer that takes most, and points at the key
  /// responsible for that. Bytes are those of the precision of the options.
  package func exceededBudgets(_ figures: PlanFigures) -> [Diagnostic] {
    guard let limits = spec.limits else { return [] }
    return [
      exceededMemory(limits, figures), exceededParameters(limits),
      exceededMacs(limits, figures),
    ].compactMap(\.self)
  }

  private func exceededParameters(_ limits: Limits) -> Diagnostic? {
    let count = spec.parameterCount
    guard let limit = limits.parameters, count > limit else { return nil }
    let group = largestParameterGroup
    return Diagnostic(
      BudgetRules.parameters,
      "the model has \(grouped(count)) parameters, more than the limit of "
        + written(limit, .count) + (group.map { "; the largest group is \($0.text)" } ?? ""),
      help: "raise the limit, or make `latent_dim` or the depth smaller",
      at: range(of: "limits.parameters"),
      related: group.map {
        note($0.path, "\(grouped($0.count)) of them belong to \(partName($0.path))")
      } ?? [],
      path: "limits.parameters")
  }

  private func exceededMacs(_ limits: Limits, _ figures: PlanFigures) -> Diagnostic? {
    guard let limit = limits.macsPerStep, figures.macsPerStep > limit else { return nil }
    let work = figures.costliest
    return Diagnostic(
      BudgetRules.macsPerStep,
      "a step takes \(grouped(figures.macsPerStep)) multiply-accumulates, more than the limit of "
        + written(limit, .count)
        + (work.map { "; the largest share is that of \(partName($0.path))" } ?? ""),
      help: "raise the limit, or use fewer tokens, a smaller `latent_dim`, a smaller depth or no "
        + "guidance",
      at: range(of: "limits.macs_per_step"),
      related: work.map {
        note(
          $0.path,
          "\(grouped($0.macs)) of them belong to \(partName($0.path))"
            + ($0.blockCount > 1 ? " in \($0.blockCount) blocks" : ""))
      } ?? [],
      path: "limits.macs_per_step")
  }

  private func exceededMemory(_ limits: Limits, _ figures: PlanFigures) -> Diagnostic? {
    guard let limit = limits.peakMemory, figures.peakBytes > limit else { return nil }
    let parts = [
      ("weights", figures.weightBytes), ("arena", figures.arenaBytes),
      ("tables kept for all steps", figures.carriedBytes),
      ("scratch of the kernels", figures.scratchBytes),
      ("inputs and results", figures.interfaceBytes),
    ].sorted { $0.1 > $1.1 }.filter { $0.1 > 0 }
    // What takes most comes first.
    var causes: [(byteCount: Int, name: String, related: [Diagnostic.Related])] = []
    if let group = largestParameterGroup {
      causes.append(
        (
          figures.weightBytes, "the weights, before all \(group.text)",
          note(
            group.path,
            "the largest weights are the \(grouped(group.count)) parameters of "
              + partName(group.path))
        ))
    }
    if let stage = figures.stages.max(by: { $0.arenaBytes < $1.arenaBytes }),
      let tensor = stage.peakTensor, let origin = stage.peakOrigin
    {
      let key = partName(origin.path)
      causes.append(
        (
          figures.arenaBytes, "the arena, before all `\(tensor)` of \(key)",
          note(
            origin.path,
            "the largest tensor where the arena is fullest is `\(tensor)` of \(key) with "
              + measured(stage.peakTensorBytes))
        ))
    }
    causes.sort { $0.byteCount > $1.byteCount }
    return Diagnostic(
      BudgetRules.peakMemory,
      "a run needs \(measured(figures.peakBytes)) of memory, more than the limit of "
        + written(limit, .bytes) + (causes.first.map { "; the largest part is \($0.name)" } ?? ""),
      help: parts.map { "\($0.0): \(measured($0.1))" }.joined(separator: ", "),
      at: range(of: "limits.peak_memory"), related: causes.flatMap(\.related),
      path: "limits.peak_memory")
  }

  /// The parameters that one key is responsible for.
  private struct ParameterGroup {
    var path: String
    var count: Int
    /// The name of the largest tensor, a block's index as `*`, with its shape.
    var text: String
  }

  /// The key with the most parameters.
  private var largestParameterGroup: ParameterGroup? {
    guard let part = spec.largestPart else { return nil }
    let members = spec.parameterDeclarations.filter { $0.path == part.path && !$0.isBuffer }
    func size(_ declaration: ParameterDeclaration) -> Int {
      declaration.dimensions.reduce(1, *)
    }
    guard let largest = members.max(by: { size($0) < size($1) }) else { return nil }
    let rest = Set(members.map(\.namePattern)).count - 1
    return ParameterGroup(
      path: part.path, count: part.count,
      text: "`\(largest.namePattern)` \(Shape(largest.dimensions))"
        + (rest > 0 ? " and \(rest) more of \(partName(part.path))" : ""))
  }

  /// A key as people know it: a sublayer by its name too.
  private func partName(_ path: String) -> String {
    for (groupIndex, group) in (spec.denoiser?.blocks ?? []).enumerated() {
      for (index, sublayer) in group.sublayers.enumerated()
      where path == "blocks[\(groupIndex)].sublayers[\(index)]" {
        return "`\(sublayer.name)` (\(path))"
      }
    }
    return "`\(path)`"
  }

  /// A note at a key; where nobody wrote it, at the width of a token, which sizes everything.
  private func note(_ path: String, _ message: String) -> [Diagnostic.Related] {
    let isWritten = range(of: path) != range(of: "")
    return range(of: isWritten ? path : "latent_dim").map {
      [Diagnostic.Related($0, message)]
    } ?? []
  }
}

extension ParameterDeclaration {
  /// The name with the index of its block as `*`: `blocks.*.attention.query.weight`.
  package var namePattern: String {
    guard let block else { return name }
    return "blocks.*" + name.dropFirst("blocks.\(block)".count)
  }
}

/// A limit in the unit that its author most likely wrote, and exactly: `512MiB (536,870,912 bytes)`.
private func written(_ value: Int, _ unit: QuantityUnit) -> String {
  let exact = grouped(value) + (unit == .bytes ? " bytes" : "")
  let fitting = unit.factors.filter { $0.factor > 1 && value > 0 && value % $0.factor == 0 }
  guard let largest = fitting.max(by: { $0.factor < $1.factor }) else { return exact }
  return "\(value / largest.factor)\(largest.name) (\(exact))"
}

/// Bytes to one digit after the point in the largest unit that fits, and exactly.
private func measured(_ value: Int) -> String {
  let exact = "\(grouped(value)) bytes"
  let unit = QuantityUnit.bytes.factors.last { $0.name.hasSuffix("iB") && $0.factor <= value }
  guard let unit else { return exact }
  let tenths = (value / (unit.factor / 128) * 10 + 64) / 128
  return "\(tenths / 10).\(tenths % 10) \(unit.name) (\(exact))"
}
