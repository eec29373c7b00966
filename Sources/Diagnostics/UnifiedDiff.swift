/// The difference between a text and the same text with changes within its lines, as `patch` and
/// `git apply -p0` read it; empty where nothing differs.
///
/// - Parameters:
///   - path: The file that both headers name.
///   - old: The text before.
///   - new: The text after, of as many lines.
/// - Precondition: The texts have the same number of lines.
package func unifiedDiff(path: String, from old: String, to new: String) -> String {
  // A line ends at a line feed here, whatever it ends at in YAML.
  let before = lines(of: old)
  let after = lines(of: new)
  precondition(before.count == after.count, "fixes stay within lines")
  let changed = before.indices.filter { before[$0] != after[$0] }
  guard !changed.isEmpty else { return "" }
  let context = 3
  var hunks: [Range<Int>] = []
  for index in changed {
    let range = max(0, index - context)..<min(before.count, index + context + 1)
    if let last = hunks.last, last.upperBound >= range.lowerBound {
      hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
    } else {
      hunks.append(range)
    }
  }
  var bytes = Array("--- \(path)\n+++ \(path)\n".utf8)
  for hunk in hunks {
    let place = "\(hunk.lowerBound + 1),\(hunk.count)"
    bytes += "@@ -\(place) +\(place) @@\n".utf8
    var index = hunk.lowerBound
    while index < hunk.upperBound {
      if before[index] == after[index] {
        append(" ", before[index], to: &bytes)
        index += 1
        continue
      }
      let end = (index..<hunk.upperBound).first { before[$0] == after[$0] } ?? hunk.upperBound
      for line in before[index..<end] { append("-", line, to: &bytes) }
      for line in after[index..<end] { append("+", line, to: &bytes) }
      index = end
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The lines with their line feeds; no line follows a final line feed.
private func lines(of text: String) -> [ArraySlice<UInt8>] {
  let bytes = Array(text.utf8)
  var lines: [ArraySlice<UInt8>] = []
  var start = 0
  for (index, byte) in bytes.enumerated() where byte == 0x0A {
    lines.append(bytes[start...index])
    start = index + 1
  }
  if start < bytes.count { lines.append(bytes[start...]) }
  return lines
}

private func append(_ mark: String, _ line: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
  bytes += mark.utf8
  bytes += line
  if line.last != 0x0A { bytes += "\n\\ No newline at end of file\n".utf8 }
}
