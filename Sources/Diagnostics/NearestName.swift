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
  let wanted = FoldedName(name)
  guard wanted.scalars.count <= 100 else { return nil }
  var best: (name: FoldedName, distance: Int)?
  for candidate in candidates {
    let other = FoldedName(candidate)
    let longer = max(wanted.scalars.count, other.scalars.count)
    guard longer <= 100 else { continue }
    let limit = min(max(2, 2 * longer / 3), (best?.distance ?? Int.max) - 1)
    if let distance = distance(wanted, other, limit: limit) { best = (other, distance) }
  }
  guard let best else { return nil }
  let length = max(wanted.scalars.count, best.name.scalars.count)
  let isNear = best.distance <= 1 || (best.distance <= 4 && 3 * best.distance <= 2 * length)
  let isClear =
    isNear && digits(of: name) == digits(of: best.name.text)
    && !candidates.contains {
      $0 != best.name.text && distance(wanted, FoldedName($0), limit: best.distance + 1) != nil
    }
  return NameMatch(name: best.name.text, isClear: isClear)
}

private func digits(of name: String) -> String { name.filter(\.isNumber) }

/// The distance of two names; nil when it is over the limit.
private func distance(_ a: FoldedName, _ b: FoldedName, limit: Int) -> Int? {
  guard 2 * abs(a.scalars.count - b.scalars.count) <= limit else { return nil }
  let distance = editDistance(a, b, limit: limit)
  return distance <= limit ? distance : nil
}

/// A name with its lower-case form, scalar by scalar.
private struct FoldedName {
  let text: String
  let scalars: [UInt32]
  let lowercase: [UInt32]

  init(_ name: String) {
    text = name
    scalars = name.unicodeScalars.map(\.value)
    lowercase = name.unicodeScalars.map { scalar in
      if scalar.isASCII { return ("A"..."Z").contains(scalar) ? scalar.value | 0x20 : scalar.value }
      let mapping = scalar.properties.lowercaseMapping.unicodeScalars
      return mapping.count == 1 ? mapping.first?.value ?? scalar.value : scalar.value
    }
  }
}

/// Twice the number of insertions, deletions, replacements and swaps; letter case costs 1.
///
/// Swaps are of neighbours. A distance over `limit` is any number over it.
private func editDistance(_ a: FoldedName, _ b: FoldedName, limit: Int) -> Int {
  let width = b.scalars.count
  var beforeLast = [Int](repeating: 0, count: width + 1)
  var last = (0...width).map { $0 * 2 }
  var row = beforeLast
  var leastOfLast = 0
  for i in 0..<a.scalars.count {
    row[0] = (i + 1) * 2
    var least = row[0]
    for j in 0..<width {
      let isEqual = a.scalars[i] == b.scalars[j]
      var cost = last[j] + (isEqual ? 0 : a.lowercase[i] == b.lowercase[j] ? 1 : 2)
      cost = min(cost, last[j + 1] + 2, row[j] + 2)
      if i > 0, j > 0, a.scalars[i] == b.scalars[j - 1], a.scalars[i - 1] == b.scalars[j] {
        cost = min(cost, beforeLast[j - 1] + 2)
      }
      row[j + 1] = cost
      least = min(least, cost)
    }
    // A row is made of the two before it.
    if least > limit, leastOfLast > limit { return least }
    leastOfLast = least
    swap(&beforeLast, &last)
    swap(&last, &row)
  }
  return last[width]
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
