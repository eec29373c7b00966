import Diagnostics
import ModelSpec

extension LabelCondition {
  /// The row of the table that a label reads.
  ///
  /// - Parameter model: The model's name.
  /// - Throws: Rules `run.label-missing`, `run.label-range`, with the key that they are about.
  func row(
    of label: ConditionRequest.Label?, model: String
  ) throws(DiagnosticsError) -> Int {
    func problem(_ rule: Rule, _ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(rule, message, help: help, path: "conditioning.label"))
    }
    switch label {
    case nil:
      throw problem(
        DiffusionRules.labelMissing, "`\(model)` needs a label",
        "give one with --label N, from 0 to \(classes - 1)"
          + (names.isEmpty ? "" : ", or by its name"))
    case .number(let number)?:
      if (0..<rowCount).contains(number) { return number }
      throw problem(
        DiffusionRules.label, "label \(number) is no class of `\(model)`", numbersHelp)
    case .name(let name)?:
      let found = classes(named: name)
      if let only = found.first, found.count == 1 { return only.number }
      if found.isEmpty {
        let known = names.flatMap(\.parts)
        let nearest = nearestName(to: name, among: known)
        throw problem(
          DiffusionRules.label,
          "no class of `\(model)` is named \(quoted(name))"
            + (nearest.map { "; did you mean \(quoted($0))?" } ?? ""),
          names.isEmpty
            ? "the spec names no classes in `conditioning.label.names`: " + numbersHelp
            : numbersHelp)
      }
      throw problem(
        DiffusionRules.label, "\(found.count) classes of `\(model)` are named \(quoted(name))",
        "use the number: "
          + listed(found.prefix(5).map { "\($0.number)" }))
    }
  }

  private var numbersHelp: String {
    "use 0 to \(classes - 1)" + (nullClass.map { ", or \($0) for none" } ?? "")
  }

  /// The classes that have a name, in any case of letters; the whole text of names is one, too.
  private func classes(named name: String) -> [ClassName] {
    let wanted = name.lowercased()
    return names.filter { entry in
      entry.text.lowercased() == wanted || entry.parts.contains { $0.lowercased() == wanted }
    }
  }
}

extension LabelCondition.ClassName {
  /// The names of the class, one by one.
  fileprivate var parts: [String] {
    text.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }
}
