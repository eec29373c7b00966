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
  var best: (name: String, distance: Int)?
  var rivalDistance = Int.max
  for candidate in candidates {
    let other = FoldedName(candidate)
    let (shorter, longer) = (
      min(wanted.scalars.count, other.scalars.count), max(wanted.scalars.count, other.scalars.count)
    )
    guard longer <= 100 else { continue }
    let limit = min(max(2, 2 * longer / 3), (best?.distance ?? Int.max) - 1)
    // Rivals of a clear match are at most 5 away.
    let farLimit = max(limit, best.map { min($0.distance + 1, 5) } ?? 5)
    guard 2 * (longer - shorter) <= farLimit else { continue }
    let distance = editDistance(wanted, other, limit: farLimit)
    if distance <= limit {
      rivalDistance = min(rivalDistance, best?.distance ?? Int.max)
      best = (candidate, distance)
    } else if candidate != best?.name {
      rivalDistance = min(rivalDistance, distance)
    }
  }
  guard let best else { return nil }
  let length = max(wanted.scalars.count, best.name.unicodeScalars.count)
  let isNear = best.distance <= 1 || (best.distance <= 4 && 3 * best.distance <= 2 * length)
  let isClear =
    isNear && rivalDistance - best.distance >= 2
    && name.filter(\.isNumber) == best.name.filter(\.isNumber)
  return NameMatch(name: best.name, isClear: isClear)
}

/// A name with its lower-case form, scalar by scalar.
private struct FoldedName {
  let scalars: [UInt32]
  let lowercase: [UInt32]

  init(_ name: String) {
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
