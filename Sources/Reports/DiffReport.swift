import Compiler
import Documents
import ModelSpec
import Tensors

/// What a change of a spec does, as text and as JSON.
package struct DiffReport: Sendable {
  private let difference: SpecDifference

  /// A report of a difference.
  package init(_ difference: SpecDifference) { self.difference = difference }

  /// The entries of the JSON form: `class`, `explanation`, `changes` (`path`, `old`, `new`; null for
  /// a value that is not there), `figures` (`name`, `old`, `new`) and `parameters` (`added`,
  /// `removed`, `reshaped`).
  ///
  /// Parameters of several blocks are one entry: `name` has `*` for the block, `blocks` lists
  /// ranges, first and last.
  package var json: [(key: String, value: JSONValue)] {
    [
      ("class", .string(difference.changeClass.rawValue)),
      ("explanation", .string(difference.explanation)),
      (
        "changes",
        .array(
          difference.changes.map {
            .object([
              ("path", .string($0.path)), ("old", $0.old?.json ?? .null),
              ("new", $0.new?.json ?? .null),
            ])
          })
      ),
      (
        "figures",
        .array(
          difference.figures.map {
            .object([
              ("name", .string($0.name)), ("old", .integer($0.old)), ("new", .integer($0.new)),
            ])
          })
      ),
      (
        "parameters",
        .object([
          ("added", .array(difference.parameters.added.map(json))),
          ("removed", .array(difference.parameters.removed.map(json))),
          ("reshaped", .array(difference.parameters.reshaped.map(json))),
        ])
      ),
    ]
  }

  private func json(_ group: ParameterDifference.Group) -> JSONValue {
    func shape(_ dimensions: [Int]) -> JSONValue { .array(dimensions.map(JSONValue.integer)) }
    return .object(compact: [
      ("name", .string(group.name)), ("old_shape", group.oldDimensions.map(shape)),
      ("new_shape", group.newDimensions.map(shape)), ("count", .integer(group.count)),
      (
        "blocks",
        .array(
          ranges(group.blocks).map {
            .array([.integer($0.lowerBound), .integer($0.upperBound)])
          })
      ),
    ])
  }

  /// The report for people.
  package var text: String {
    var lines = ["\(difference.changeClass.rawValue): \(difference.explanation)"]
    if !difference.changes.isEmpty { lines += ["", "changes"] + changeLines }
    let parameters = parameterLines
    if !parameters.isEmpty { lines += ["", "tensors"] + parameters }
    if difference.figures.contains(where: { $0.old != $0.new }) {
      lines += ["", "figures"] + figureLines
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var changeLines: [String] {
    let width = min(difference.changes.map(\.path.count).max() ?? 0, 40)
    return difference.changes.map { change in
      let (old, new) = shortened(change.old?.flow, change.new?.flow)
      return "  \(filled(change.path, to: width))  \(old) -> \(new)"
    }
  }

  /// Two values of at most 60 characters, cut where they do not differ yet.
  private func shortened(_ old: String?, _ new: String?) -> (String, String) {
    let limit = 60
    guard let old, let new, max(old.count, new.count) > limit else {
      return (shortened(old, limit), shortened(new, limit))
    }
    let common = zip(old, new).prefix { $0 == $1 }.count
    let start = max(0, common - 10)
    func part(_ text: String) -> String {
      (start > 0 ? "..." : "") + shortened(String(text.dropFirst(start)), limit)
    }
    return (part(old), part(new))
  }

  private func shortened(_ text: String?, _ limit: Int) -> String {
    guard let text else { return "(none)" }
    return text.count > limit ? text.prefix(limit) + "..." : text
  }

  private var figureLines: [String] {
    let rows = difference.figures.map { figure in
      let change = figure.new - figure.old
      return (
        figure.name, grouped(figure.old), change == 0 ? "" : "-> " + grouped(figure.new),
        change == 0
          ? "unchanged"
          : (change > 0 ? "+" : "") + grouped(change) + percent(change, of: figure.old)
      )
    }
    let widths = (
      rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0,
      rows.map(\.2.count).max() ?? 0
    )
    return rows.map { name, old, new, change in
      let padding = String(repeating: " ", count: widths.1 - old.count)
      return "  \(filled(name, to: widths.0))  \(padding)\(old) \(filled(new, to: widths.2))  "
        + change
    }
  }

  private func percent(_ change: Int, of old: Int) -> String {
    if old == 0 { return "" }
    let share = Double(change) / Double(old) * 100
    return " (\(share > 0 ? "+" : "-")\(tenths(share.magnitude)) %)"
  }

  /// The most lines of one kind of difference.
  private static let groupLimit = 24

  private var parameterLines: [String] {
    let kinds = [
      ("added", difference.parameters.added), ("removed", difference.parameters.removed),
      ("reshaped", difference.parameters.reshaped),
    ]
    return kinds.flatMap { kind, groups in
      let shown = groups.prefix(Self.groupLimit)
      let width = shown.map(\.name.count).max() ?? 0
      let lines = shown.map { group in
        let shapes = [group.oldDimensions, group.newDimensions].compactMap(\.self)
          .map { Shape($0).description }.joined(separator: " -> ")
        let place = group.blocks.isEmpty ? "" : "  in \(blocks(group.blocks))"
        return "  \(filled(kind, to: 8))  \(filled(group.name, to: width))  \(shapes)\(place)"
      }
      let rest = groups.count - shown.count
      return lines + (rest > 0 ? ["  \(filled(kind, to: 8))  and \(rest) more"] : [])
    }
  }

  private func blocks(_ indices: [Int]) -> String {
    let ranges = ranges(indices)
    let texts = ranges.prefix(4).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
    }
    let rest = ranges.count > 4 ? " and \(ranges.count - 4) more ranges" : ""
    return (indices.count == 1 ? "block " : "blocks ") + texts.joined(separator: ", ") + rest
  }

  /// Ascending numbers as ranges without gaps.
  private func ranges(_ numbers: [Int]) -> [ClosedRange<Int>] {
    var result: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = result.last, last.upperBound + 1 == number {
        result[result.count - 1] = last.lowerBound...number
      } else {
        result.append(number...number)
      }
    }
    return result
  }
}
