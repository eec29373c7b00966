/// The candidate that a mistyped name most likely means, or nil when none is close.
///
/// Close is an edit distance of at most a third of the longer name, and at least 1; letter case
/// counts half. Of equally close candidates the first wins.
package func nearestName<Names: Sequence>(to name: String, among candidates: Names) -> String?
where Names.Element == String {
  nearestMatch(to: name, among: candidates)?.name
}

/// The candidate that a mistyped name most likely means.
package struct NameMatch: Sendable, Hashable {
  /// The candidate.
  package let name: String
  /// Whether it can only be this one: it is one or two edits and at most a third of the name away,
  /// every other candidate is at least one edit farther, and the digits are the same.
  package let isClear: Bool
}

/// The candidate that `nearestName` finds, and how sure that is.
package func nearestMatch<Names: Sequence>(
  to name: String, among candidates: Names
) -> NameMatch? where Names.Element == String {
  let scalars = Array(name.unicodeScalars)
  guard scalars.count <= 100 else { return nil }
  var best: (name: String, distance: Int)?
  var rivalDistance = Int.max
  for candidate in candidates where candidate.unicodeScalars.count <= 100 {
    let limit = max(2, 2 * max(scalars.count, candidate.unicodeScalars.count) / 3)
    let distance = editDistance(scalars, Array(candidate.unicodeScalars))
    if distance < best?.distance ?? Int.max, distance <= limit {
      rivalDistance = min(rivalDistance, best?.distance ?? Int.max)
      best = (candidate, distance)
    } else if candidate != best?.name {
      rivalDistance = min(rivalDistance, distance)
    }
  }
  guard let best else { return nil }
  let length = max(scalars.count, best.name.unicodeScalars.count)
  let isNear = best.distance <= 1 || (best.distance <= 4 && 3 * best.distance <= 2 * length)
  let isClear =
    isNear && rivalDistance - best.distance >= 2
    && name.filter(\.isNumber) == best.name.filter(\.isNumber)
  return NameMatch(name: best.name, isClear: isClear)
}

/// Twice the number of insertions, deletions, replacements and swaps of neighbours; letter case
/// costs 1.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast: [Int] = []
  var last = (0...b.count).map { $0 * 2 }
  for i in 0..<a.count {
    var row = [(i + 1) * 2]
    for j in 0..<b.count {
      var cost = last[j] + replacementCost(a[i], b[j])
      cost = min(cost, last[j + 1] + 2, row[j] + 2)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforeLast[j - 1] + 2)
      }
      row.append(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}

private func replacementCost(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> Int {
  if a == b { return 0 }
  return a.properties.lowercaseMapping == b.properties.lowercaseMapping ? 1 : 2
}

/// Names in a sentence: `` `a`, `b` or `c` ``, with at most `limit` of them spelled out.
package func listed(_ names: [String], limit: Int = 24, conjunction: String = "or") -> String {
  let quoted = names.prefix(limit).map { "`\($0)`" }
  if names.count > limit {
    return quoted.joined(separator: ", ") + " and \(names.count - limit) more"
  }
  guard quoted.count > 1, let last = quoted.last else { return quoted.first ?? "nothing" }
  return quoted.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
}
