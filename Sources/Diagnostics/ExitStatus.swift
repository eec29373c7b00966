extension Sequence where Element == Diagnostic {
  /// The exit status of a run that ends with these problems: of the errors' kinds, the first of
  /// usage (64), program (3), input (4), spec (1) and budget (5); 0 without an error.
  package var exitStatus: Int32 {
    let kinds = Set(lazy.filter { $0.rule.severity == .error }.map(\.rule.kind))
    let order: [FaultKind] = [.usage, .program, .input, .spec, .budget]
    return order.first(where: kinds.contains)?.exitStatus ?? 0
  }

  /// The problems by file in the order of first appearance, then by position, then as found;
  /// those in no text come first.
  package var inTextOrder: [Diagnostic] {
    let all = Array(self)
    var fileIndex: [String: Int] = [:]
    for diagnostic in all {
      if let file = diagnostic.primary?.file, fileIndex[file] == nil {
        fileIndex[file] = fileIndex.count
      }
    }
    func key(_ offset: Int) -> (Int, Int, Int, Int) {
      guard let range = all[offset].primary else { return (-1, 0, 0, offset) }
      return (fileIndex[range.file] ?? 0, range.start.line, range.start.column, offset)
    }
    return all.indices.sorted { key($0) < key($1) }.map { all[$0] }
  }
}
