import Compiler
import Documents
import GraphIR
import ModelSpec
import Runtime
import Tensors
import Transforms

/// What a model costs, as text and as JSON.
package struct PlanReport: Sendable {
  /// What is particular to a machine.
  package struct Machine: Sendable {
    /// The kernels it runs.
    package var kernels: String
    /// The threads a run uses by default.
    package var threads: Int
    /// How fast the kernels are; nil where that has not been measured.
    package var profile: MachineProfile?

    /// A machine.
    package init(kernels: String, threads: Int, profile: MachineProfile?) {
      self.kernels = kernels
      self.threads = threads
      self.profile = profile
    }
  }

  private let figures: PlanFigures

  /// A report of figures.
  package init(_ figures: PlanFigures) { self.figures = figures }

  /// The entries of the JSON form; `machine` is left out where none is given.
  package func json(machine: Machine?) -> [(key: String, value: JSONValue)] {
    let entries: [(key: String, value: JSONValue?)] = [
      (key: "name", value: .string(figures.name)),
      (key: "precision", value: .string(figures.precision.rawValue)),
      (key: "parameters", value: .integer(figures.parameters)),
      (key: "macs", value: .integer(figures.macs)),
      (key: "macs_per_step", value: .integer(figures.macsPerStep)),
      (key: "flops", value: .integer(figures.flops)),
      (key: "arena_bytes", value: .integer(figures.arenaBytes)),
      (key: "arena_lower_bound_bytes", value: .integer(figures.arenaLowerBoundBytes)),
      (key: "carried_bytes", value: .integer(figures.carriedBytes)),
      (key: "weight_bytes", value: .integer(figures.weightBytes)),
      (key: "scratch_bytes", value: .integer(figures.scratchBytes)),
      (key: "interface_bytes", value: .integer(figures.interfaceBytes)),
      (key: "nodes", value: .integer(figures.nodes)),
      (key: "instructions", value: .integer(figures.instructions)),
      (key: "stages", value: .array(figures.stages.map(stage))),
      (key: "fusions", value: .array(fusions.map(fusion))),
      (key: "refused", value: .array(figures.refused.map(refusal))),
      (
        key: "machine",
        value: machine.map {
          .object([
            (key: "kernels", value: .string($0.kernels)),
            (key: "threads", value: .integer($0.threads)),
            (
              key: "scratch_bytes",
              value: .integer(figures.scratchBytes(threads: $0.threads))
            ),
            (
              key: "seconds_per_step",
              value: secondsPerStep($0).map(JSONValue.number) ?? .null
            ),
          ])
        }
      ),
    ]
    return entries.compactMap { entry in entry.value.map { (key: entry.key, value: $0) } }
  }

  /// The time to expect of one step; nil without a denoiser or a profile.
  private func secondsPerStep(_ machine: Machine) -> Double? {
    figures.stepWorks.isEmpty ? nil : machine.profile?.seconds(for: figures.stepWorks)
  }

  private func stage(_ stage: PlanFigures.StageFigures) -> JSONValue {
    .object([
      (key: "graph", value: .string(stage.graph)),
      (key: "binding", value: .string(stage.binding.rawValue)),
      (key: "pieces", value: .integer(stage.pieces)),
      (key: "nodes", value: .integer(stage.nodes)),
      (key: "instructions", value: .integer(stage.instructions)),
      (key: "macs", value: .integer(stage.macs)),
      (key: "flops", value: .integer(stage.flops)),
      (key: "arena_bytes", value: .integer(stage.arenaBytes)),
      (key: "arena_lower_bound_bytes", value: .integer(stage.arenaLowerBoundBytes)),
      (key: "peak_tensor", value: stage.peakTensor.map(JSONValue.string) ?? .null),
      (key: "peak_origin", value: stage.peakOrigin.map { .string($0.description) } ?? .null),
    ])
  }

  private func fusion(_ fusion: Fusion) -> JSONValue {
    .object([
      (key: "kind", value: .string(fusion.kind)), (key: "at", value: .string(fusion.at)),
      (key: "count", value: .integer(fusion.count)),
    ])
  }

  private func refusal(_ refusal: Refusal) -> JSONValue {
    .object([
      (key: "kind", value: .string(refusal.kind)),
      (key: "at", value: .string(refusal.at.description)),
      (key: "reason", value: .string(refusal.reason)),
    ])
  }

  /// One entry per kind and place, the counts of stages added up.
  private var fusions: [Fusion] {
    var result: [Fusion] = []
    for fusion in figures.fusions {
      if let index = result.firstIndex(where: { $0.kind == fusion.kind && $0.at == fusion.at }) {
        result[index].count += fusion.count
      } else {
        result.append(fusion)
      }
    }
    return result
  }

  /// The report for people.
  package func text(machine: Machine?) -> String {
    var lines = ["\(figures.name)"]
    func row(_ name: String, _ value: String) { lines.append("  \(filled(name, to: 22))\(value)") }
    if figures.precision != .f32 {
      row("precision", "\(figures.precision.rawValue): weights, operands of products and attention")
    }
    row("parameters", grouped(figures.parameters))
    row("macs", macsText)
    row("flops", "\(grouped(figures.flops)) in a run")
    row(
      "arena",
      "\(bytes(figures.arenaBytes)), lower bound \(bytes(figures.arenaLowerBoundBytes)), "
        + "ratio \(ratio(figures.arenaBytes, figures.arenaLowerBoundBytes))")
    row("weights", bytes(figures.weightBytes))
    row("carried", "\(bytes(figures.carriedBytes)) of tables kept for all steps")
    row("scratch", "\(bytes(figures.scratchBytes)) with one thread")
    row("inputs and results", bytes(figures.interfaceBytes))
    row("nodes", "\(figures.nodes) as lowered, \(figures.instructions) instructions")
    if let machine {
      row(
        "machine",
        "kernels \(machine.kernels), \(machine.threads) threads, scratch "
          + bytes(figures.scratchBytes(threads: machine.threads)))
      if let seconds = secondsPerStep(machine) {
        row(
          "expected time",
          "\(duration(seconds)) a step, \(duration(seconds * Double(figures.stepCount))) for all "
            + "\(figures.stepCount) steps")
      } else if !figures.stepWorks.isEmpty {
        row("expected time", "unknown until `ditharos bench` has measured this machine")
      }
    }
    lines += ["", "stages"] + stageTable()
    lines += ["", "fusions"] + fusionTable()
    if !figures.refused.isEmpty { lines += ["", "refused"] + refusedTable() }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The multiply-accumulates of the denoiser, or without one of the autoencoder, per piece.
  private var macsText: String {
    if figures.hasDenoiser {
      return "\(grouped(figures.macs)) in one forward pass, \(grouped(figures.macsPerStep)) a step"
    }
    return figures.stages.map { "\(grouped($0.macs)) to \($0.graph)" }.joined(separator: ", ")
  }

  private func stageTable() -> [String] {
    var rows = [
      ["graph", "when", "nodes", "instructions", "macs", "arena", "ratio", "at the peak"]
    ]
    for stage in figures.stages {
      rows.append([
        stage.graph + (stage.pieces > 1 ? " \(stage.pieces) x" : ""), stage.binding.rawValue,
        String(stage.nodes), String(stage.instructions),
        grouped(stage.macs), bytes(stage.arenaBytes),
        ratio(stage.arenaBytes, stage.arenaLowerBoundBytes),
        stage.peakTensor.map { "\($0)  \(stage.peakOrigin?.description ?? "")" } ?? "-",
      ])
    }
    return aligned(rows)
  }

  private func fusionTable() -> [String] {
    if figures.fusions.isEmpty { return ["  none"] }
    return aligned(fusions.map { [$0.kind, "\($0.count) x", $0.at] })
  }

  private func refusedTable() -> [String] {
    aligned(figures.refused.map { [$0.kind, $0.at.description, $0.reason] })
  }
}

/// Bytes in whole numbers, and in a larger unit where that helps.
func bytes(_ value: Int) -> String {
  let units = ["KiB", "MiB", "GiB", "TiB"]
  var scaled = Double(value)
  var unit = ""
  for name in units where scaled >= 1024 {
    scaled /= 1024
    unit = name
  }
  let exact = "\(grouped(value)) bytes"
  return unit.isEmpty ? exact : "\(tenths(scaled)) \(unit) (\(exact))"
}

/// A quotient with three digits after the point; 1 where nothing is needed.
func ratio(_ value: Int, _ bound: Int) -> String {
  if bound == 0 { return "1.000" }
  let thousandths = Int((Double(value) / Double(bound) * 1000).rounded())
  return "\(thousandths / 1000)." + String(String(thousandths % 1000 + 1000).dropFirst())
}

/// A number with one digit after the point.
func tenths(_ value: Double) -> String {
  let scaled = Int((value * 10).rounded())
  return "\(scaled / 10).\(scaled % 10)"
}
