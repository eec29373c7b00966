import Diagnostics

extension SpecRules {
  package static let parameterBudget = Rule(
    "budget.parameters", kind: .budget, summary: "A model keeps to its budget of parameters.",
    explanation: """
      `limits` holds the budgets that a team agreed on. Validation counts the parameters without
      allocating them and names the largest part, so that a change that is too large is seen in
      review.
      """,
    failing: "limits: {parameters: 5K}",
    fixed: "limits: {parameters: 20K}")
}

extension SpecDecoder {
  mutating func checkParameterBudget(of spec: ModelSpec, count: Int) {
    guard let budget = spec.limits?.parameters, count > budget else { return }
    let largest = spec.largestPart
    diagnostics.append(
      Diagnostic(
        SpecRules.parameterBudget,
        "the model has \(grouped(count)) parameters, more than the budget of \(grouped(budget))",
        help: largest.map { "the largest part is `\($0.path)` with \(grouped($0.count))" },
        at: locations.range(of: "limits.parameters"),
        related: largest.map {
          [Diagnostic.Related(locations.range(of: $0.path), "the largest part")]
        } ?? [],
        path: "limits.parameters"))
  }
}
