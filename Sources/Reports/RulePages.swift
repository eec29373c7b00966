import Compiler
import Diagnostics
import Diffusion
import Documents
import ModelSpec
import Text
import Training
import Weights

/// What the program says about its rules: the list of them, and a page on each.
package struct RulePages: Sendable {
  /// The rules of all modules below the command line.
  package static let libraryRules: [Rule] =
    DocumentRules.all + SpecRules.all + PolicyRules.all + PromptRules.all + WeightRules.all
    + CompiledRules.all + CompileRules.all + BudgetRules.all + DiffusionRules.all
    + TrainingRules.all + MachineRules.all + ImportRules.all

  /// All rules, sorted by identifier.
  package let rules: [Rule]

  /// The pages of the library's rules and of those of the command line.
  package init(commandRules: [Rule]) {
    rules = (Self.libraryRules + commandRules).sorted { $0.id < $1.id }
  }

  /// The rule of an identifier; nil when there is none.
  package func rule(named id: String) -> Rule? { rules.first { $0.id == id } }

  /// The rule that a mistyped identifier most likely means, one without its prefix included.
  package func nearest(to id: String) -> Rule? {
    rules.first { $0.id.hasSuffix("." + id) }
      ?? nearestName(to: id, among: rules.map(\.id)).flatMap(rule)
  }

  /// A line for each rule: identifier, severity and summary.
  package var list: String {
    let idWidth = rules.map(\.id.count).max() ?? 0
    return rules.map {
      "\(filled($0.id, to: idWidth))  \(filled($0.severity.rawValue, to: 7))  \($0.summary)\n"
    }.joined()
  }

  /// The page of a rule as Markdown that reads well in a terminal.
  package func page(of rule: Rule) -> String {
    var page = """
      # \(rule.id)

      \(rule.summary)

      \(rule.explanation)

      \(standing(of: rule))

      """
    if !rule.failing.isEmpty { page += "\nWrong:\n\n" + block(rule.failing) }
    if !rule.fixed.isEmpty { page += "\nRight:\n\n" + block(rule.fixed) }
    return page
  }

  /// A page for each rule and an index of them, under `Generated/rules/`.
  package var generatedFiles: [GeneratedFile] {
    let index =
      "# Rules\n\n| rule | severity | what it demands |\n|---|---|---|\n"
      + rules.map { rule in
        "| [\(rule.id)](\(rule.id).md) | \(rule.severity.rawValue) "
          + "| \(rule.summary.split(separator: "|").joined(separator: "\\|")) |\n"
      }.joined()
    return [GeneratedFile(path: "Generated/rules/index.md", text: index)]
      + rules.map { GeneratedFile(path: "Generated/rules/\($0.id).md", text: page(of: $0)) }
  }

  /// How much a rule matters, and what a policy can make of it.
  private func standing(of rule: Rule) -> String {
    let status =
      rule.severity == .error
      ? "An error: exit status \(rule.kind.exitStatus)."
      : "A warning: exit status 0, or 1 with `--fail-on warning`."
    let others = rule.levels.map(\.rawValue).filter { $0 != rule.severity.rawValue }
    var lines = [status]
    if rule.isIgnorable {
      lines.append("`# ditharos: ignore \(rule.id)` hides it from `validate` on a line.")
    }
    if !others.isEmpty {
      lines.append("The `severities` of a `.ditharos.yaml` can make it \(listed(others)).")
    }
    return lines.joined(separator: "\n")
  }

  private func block(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
  }
}
