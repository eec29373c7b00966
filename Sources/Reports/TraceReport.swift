import Diffusion
import Documents
import GraphIR
import Lowering
import Tensors

/// Every intermediate matrix of a small model, step by step.
package struct TraceReport: Sendable {
  private let trace: TraceResult

  /// A report of a trace.
  package init(_ trace: TraceResult) { self.trace = trace }

  private struct Step {
    var role: Role
    var block: Int?
    var probes: [Probe]
  }

  /// Probes that follow one another under one role make a step.
  private var steps: [Step] {
    var steps: [Step] = []
    for probe in trace.probes {
      if let last = steps.last, last.role == probe.role, last.block == probe.block {
        steps[steps.count - 1].probes.append(probe)
      } else {
        steps.append(Step(role: probe.role, block: probe.block, probes: [probe]))
      }
    }
    return steps
  }

  // MARK: JSON

  /// `steps`, each `index`, `name`, `block` in a stack of several, `tensors`.
  package var json: JSONValue {
    let entries = steps.enumerated().map { index, step -> JSONValue in
      var tensors = step.probes.map { probe in
        (key: probe.name, value: nested(PaperTensor(trace.value(of: probe), probe.layout)))
      }
      if step.role == .loss, !trace.gradients.isEmpty {
        tensors.append((key: "gradients", value: object(trace.gradients)))
        tensors.append((key: "updated", value: object(trace.updated)))
      }
      return .object(compact: [
        (key: "index", value: .integer(index + 1)),
        (key: "name", value: .string(step.role.rawValue)),
        (key: "block", value: trace.depth > 1 ? step.block.map(JSONValue.integer) : nil),
        (key: "tensors", value: .object(unique(tensors))),
      ])
    }
    return .array(entries)
  }

  /// A block whose sublayers give several values one name numbers them from the second on.
  private func unique(_ tensors: [(key: String, value: JSONValue)]) -> [(
    key: String, value: JSONValue
  )] {
    var seen: [String: Int] = [:]
    return tensors.map { entry in
      let count = (seen[entry.key] ?? 0) + 1
      seen[entry.key] = count
      return count == 1 ? entry : (key: "\(entry.key)_\(count)", value: entry.value)
    }
  }

  private func object(_ parameters: [(name: String, value: Tensor)]) -> JSONValue {
    .object(
      parameters.map {
        (
          key: $0.name,
          value: nested(PaperTensor($0.value, $0.value.shape.rank == 1 ? .vector : .matrix))
        )
      })
  }

  private func nested(_ tensor: PaperTensor) -> JSONValue {
    func nest(_ dimensions: ArraySlice<Int>, _ values: ArraySlice<Float>) -> JSONValue {
      guard let extent = dimensions.first else { return .float(values.first ?? 0) }
      let size = values.count / max(extent, 1)
      return .array(
        (0..<extent).map {
          let start = values.startIndex + $0 * size
          return nest(dimensions.dropFirst(), values[start..<(start + size)])
        })
    }
    return nest(tensor.dimensions[...], tensor.values[...])
  }

  // MARK: Text

  /// The trace as a person would write it.
  ///
  /// - Parameters:
  ///   - isShort: One line per tensor instead of matrices with their equations.
  ///   - isBlank: Leaves out every computed number, to be filled in by hand.
  package func text(isShort: Bool, isBlank: Bool) -> String {
    var lines = [heading(isBlank: isBlank), ""]
    for (index, step) in steps.enumerated() {
      let block = trace.depth > 1 ? step.block.map { ", block \($0)" } ?? "" : ""
      let title = "\(padded(String(index + 1), to: 2))  \(step.role.rawValue)\(block)"
      if isShort {
        lines += shortLines(step, title: title, isBlank: isBlank)
      } else {
        lines.append("\(filled(title, to: titleWidth))\(step.role.meaning)")
        if let note = trace.notes[step.role] { lines.append("    given: \(note)") }
        lines += longLines(step, isBlank: isBlank).map { "    " + $0 } + [""]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func heading(isBlank: Bool) -> String {
    let count = steps.count
    let sheet = isBlank ? "a worksheet in \(count) steps" : "\(count) steps"
    let marks =
      trace.published.isEmpty
      ? "" : "; P marks the numbers that its author published, O those that are ours"
    return "\(trace.name): \(sheet)\(marks)"
  }

  private func mark(_ probe: Probe) -> String {
    if trace.published.isEmpty { return "" }
    return trace.published.contains("\(probe.role.rawValue).\(probe.name)") ? " P" : " O"
  }

  private var titleWidth: Int { trace.depth > 1 ? 30 : 18 }

  private func shortLines(_ step: Step, title: String, isBlank: Bool) -> [String] {
    var lines: [String] = []
    var entries = step.probes.filter { !["weight", "bias", "chunks"].contains($0.name) }.map {
      probe in
      (
        probe.name + mark(probe),
        paper(probe).matrices(isBlank: isBlank && !trace.isGiven(probe)).map(\.line)
          .joined(separator: "  ")
      )
    }
    if step.role == .loss {
      entries += trace.gradients.map { name, value in
        let tensor = PaperTensor(value, value.shape.rank == 1 ? .vector : .matrix)
        return ("d \(name)", tensor.matrices(isBlank: isBlank).map(\.line).joined(separator: "  "))
      }
    }
    for (index, entry) in entries.enumerated() {
      let head = filled(index == 0 ? title : "", to: titleWidth)
      lines.append("\(head)\(filled(entry.0, to: 34)) \(entry.1)")
    }
    return lines
  }

  private func longLines(_ step: Step, isBlank: Bool) -> [String] {
    var lines: [String] = []
    for probe in step.probes {
      let isHidden = isBlank && !trace.isGiven(probe)
      var columns: [[String]] = []
      for term in probe.equation {
        switch term {
        case .sign(let sign): columns.append([sign])
        case .value(let value, let layout):
          let isOperandHidden = isBlank && !trace.isGiven(value)
          columns.append(
            PaperTensor(trace.value(value), layout)
              .matrices(isColumn: layout == .column, isBlank: isOperandHidden)
              .flatMap(\.lines))
        }
      }
      if !columns.isEmpty { columns.append(["="]) }
      let matrices = paper(probe).matrices(isColumn: probe.layout == .column, isBlank: isHidden)
      columns += matrices.map(\.lines)
      let block = joinedSideBySide(columns)
      let name = filled(probe.name + mark(probe), to: 22)
      for (index, line) in block.enumerated() {
        let head = index == block.count / 2 ? name : String(repeating: " ", count: name.count)
        lines.append("\(head)\(line)")
      }
    }
    if step.role == .loss {
      lines += parameterLines("gradient of", trace.gradients, isBlank: isBlank)
      lines += parameterLines("updated", trace.updated, isBlank: isBlank)
    }
    return lines
  }

  private func parameterLines(
    _ title: String, _ parameters: [(name: String, value: Tensor)], isBlank: Bool
  ) -> [String] {
    parameters.flatMap { name, value in
      let layout: Probe.Layout = value.shape.rank == 1 ? .vector : .matrix
      let matrix = PaperTensor(value, layout).matrices(isBlank: isBlank).flatMap(\.lines)
      return ["\(title) \(name)"] + matrix.map { String(repeating: " ", count: 22) + $0 }
    }
  }

  private func paper(_ probe: Probe) -> PaperTensor {
    PaperTensor(trace.value(of: probe), probe.layout)
  }
}

extension Role {
  /// What the step does, in a few words.
  fileprivate var meaning: String {
    switch self {
    case .patchify: "cut the pictures into patches, one per column"
    case .encode: "the visual encoder makes the latent, a token per column"
    case .noise: "add sampled noise"
    case .embed: "words and step become one condition vector"
    case .modulation: "the condition estimates scale and shift"
    case .modulate: "scale and shift every token"
    case .attention: "which token reads which"
    case .pool: "tokens pool one another by attention"
    case .feedForward: "each token on its own"
    case .final: "tokens become patches of the prediction"
    case .loss: "compare with the noise that was added, and go back"
    case .denoise: "take the predicted noise away"
    case .decode: "the visual decoder makes pixels, a patch per column"
    case .arrange: "put the patches back into pictures"
    }
  }
}
