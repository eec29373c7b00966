import Diagnostics

/// At most three names, and how many more there are.
func abbreviated(_ names: [String]) -> String {
  let shown = names.prefix(3).map(quoted).joined(separator: ", ")
  return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
}

/// A count and its noun, as in `1 tensor` or `12 tensors`.
func counted(_ count: Int, _ noun: String) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
}
