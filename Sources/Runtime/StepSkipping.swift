/// Which steps of a run skipped the middle, and how much that can matter.
package struct SkippedSteps: Sendable, Hashable {
  /// The steps that were run.
  package var steps = 0
  /// Those of them that skipped the middle.
  package var skipped = 0
  /// The changes of what the skipped steps compared, added up: how stale what they reused was.
  package var change = 0.0

  /// No steps yet.
  package init() {}
}

/// Decides step by step whether the middle is skipped.
struct StepSkipper {
  /// The change below which it is; 0 skips none.
  var threshold: Float = 0
  /// What was decided since the last `begin`.
  private(set) var result = SkippedSteps()
  private var hasKept = false

  /// Begins a run, in which nothing is kept yet.
  mutating func begin() {
    result = SkippedSteps()
    hasKept = false
  }

  /// Whether a step skips the middle.
  ///
  /// - Parameter change: How far it has moved since the last step that did not; not a number where
  ///   that cannot be told.
  mutating func skips(change: Float) -> Bool {
    result.steps += 1
    guard hasKept, change < threshold else {
      hasKept = true
      return false
    }
    result.skipped += 1
    result.change += Double(change)
    return true
  }
}
