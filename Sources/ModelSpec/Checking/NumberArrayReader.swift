import Diagnostics
import Documents

/// Reads numbers in nested lists.
struct NumberArrayReader {
  /// What is wrong with the first place that is.
  struct Problem {
    var rule: Rule
    var message: String
    var help: String?
    var suggestion: String?
    var isSafe = false
    var range: SourceRange
  }

  private(set) var problem: Problem?
  private var values: [Float] = []

  /// The numbers of a node; nil with `problem` set when they are not regular.
  mutating func read(_ node: DocumentNode) -> NumberArray? {
    var dimensions: [Int] = []
    var first = node
    while let elements = first.elements {
      guard let inner = elements.first else {
        problem = Problem(rule: SpecRules.shape, message: "a list is empty", range: first.range)
        return nil
      }
      dimensions.append(elements.count)
      first = inner
    }
    guard dimensions.count <= 8 else {
      problem = Problem(
        rule: SpecRules.shape, message: "lists are nested deeper than 8 levels",
        range: node.range)
      return nil
    }
    read(node, dimensions[...])
    return problem == nil ? NumberArray(dimensions: dimensions, values: values) : nil
  }

  private mutating func read(_ node: DocumentNode, _ dimensions: ArraySlice<Int>) {
    if problem != nil { return }
    switch node.kind {
    case .scalar(let text, let style):
      guard dimensions.isEmpty else {
        problem = Problem(
          rule: SpecRules.shape,
          message:
            "found a number where the others are a list of \(dimensions[dimensions.startIndex])",
          range: node.range)
        return
      }
      readNumber(text, style, at: node.range)
    case .sequence(let elements):
      guard let extent = dimensions.first else {
        problem = Problem(
          rule: SpecRules.shape, message: "found a list where the others are numbers",
          range: node.range)
        return
      }
      guard elements.count == extent else {
        problem = Problem(
          rule: SpecRules.shape,
          message: "the list has \(elements.count) elements where the first has \(extent)",
          range: node.range)
        return
      }
      for element in elements { read(element, dimensions.dropFirst()) }
    case .mapping:
      problem = Problem(
        rule: SpecRules.type, message: "found a mapping, expected numbers in nested lists",
        range: node.range)
    }
  }

  private mutating func readNumber(
    _ text: String, _ style: DocumentNode.Style, at range: SourceRange
  ) {
    switch decimalForm(text, style) {
    case .value(let value) where Float(value).isFinite: values.append(Float(value))
    case .value, .overflow:
      problem = Problem(
        rule: SpecRules.range, message: "\(text) is more than 32 bits hold", range: range)
    case .malformed(let decimal):
      problem = Problem(
        rule: decimal == nil ? SpecRules.type : SpecRules.scalar,
        message: "`\(text)` is no finite number in decimal digits",
        help: decimal.map { "write \($0)" }, suggestion: decimal,
        isSafe: !hasTwoReadings(text), range: range)
    }
  }
}
