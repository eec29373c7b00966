import Diagnostics

extension SpecRules {
  package static let className = rule(
    "class-name", "Names of classes are those of the model's classes.",
    explanation: """
      The keys of `names` are the numbers of classes, from 0 to one less than `classes`, in decimal
      digits. The null class, which stands for no class at all, has no name.
      """,
    failing: "  label: {classes: 10, names: {0: plane, 10: ship, 01: car, bird: bird}}",
    fixed: "  label: {classes: 10, names: {0: plane, 8: ship, 1: car, 2: bird}}")
}

extension SpecDecoder {
  mutating func reportClassName(_ entry: CheckedEntry, classes: Int?) {
    let path = "conditioning.label.names"
    locations.record("\(path).\(entry.key)", at: entry.keyRange)
    report(
      SpecRules.className, "\(quoted(entry.key)) is no class of the model",
      help: classes.map { "the classes are 0 to \($0 - 1)" },
      at: "\(path).\(entry.key)",
      related: classes == nil
        ? [] : [("conditioning.label.classes", "`classes` is set here")])
  }
}
