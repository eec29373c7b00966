import ArgumentParser
import Diagnostics
import Reports

/// `ditharos explain`: what a rule means.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "List all rules, or say what one means, with a failing example and its fix.",
    discussion: """
      Every diagnostic ends with the rule that it belongs to.

        ditharos explain
        ditharos explain spec.heads-divide-width
      """)

  @Argument(help: "A rule, such as spec.heads-divide-width; all are listed without it.")
  var rule: String?

  func run() async throws {
    try await reporting(.text) {
      let pages = RulePages(commandRules: UsageRules.all)
      guard let name = rule else {
        Console.write(pages.list)
        return ([], [])
      }
      guard let rule = pages.rule(named: name) else {
        let nearest = pages.nearest(to: name)?.id
        throw DiagnosticsError(
          Diagnostic(
            UsageRules.option,
            "there is no rule `\(name)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
            help: "`ditharos explain` lists the rules", suggestion: nearest))
      }
      Console.write(pages.page(of: rule))
      return ([], [])
    }
  }
}
