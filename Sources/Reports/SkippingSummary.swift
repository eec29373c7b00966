import Runtime
import Tensors

/// What the step cache of a run saved, and what it cost, in one line.
package struct SkippingSummary: Sendable {
  private var total: SkippedSteps?
  private var difference: Double?

  /// A summary of no runs.
  package init() {}

  /// Adds a run.
  package mutating func add(_ skipped: SkippedSteps) {
    var sum = total ?? SkippedSteps()
    sum.steps += skipped.steps
    sum.skipped += skipped.skipped
    sum.change += skipped.change
    total = sum
  }

  /// Adds how much the result of a run differs from that of all blocks, as a share.
  package mutating func add(difference: Double) {
    self.difference = max(self.difference ?? 0, difference)
  }

  /// The line; nil without a cache.
  package var text: String? {
    guard let total else { return nil }
    let mean = total.skipped == 0 ? 0 : total.change / Double(total.skipped)
    return "cache: \(total.skipped) of \(total.steps) steps skipped the blocks after the first"
      + (total.skipped == 0 ? "" : ", whose change was \(share(mean)) in the mean")
      + (difference.map { "; the latent differs by \(share($0)) from that of all blocks" } ?? "")
  }
}

/// A share in percent, with three digits after the point where it is small.
private func share(_ value: Double) -> String {
  let thousandths = Int((min(value, 1e9) * 100_000).rounded())
  let digits = String(thousandths % 1000 + 1000).dropFirst()
  return "\(thousandths / 1000).\(digits) %"
}

extension Tensor {
  /// The largest difference from another tensor over that one's largest magnitude.
  package func relativeDifference(from other: Tensor) -> Double {
    let largest = other.values.reduce(0) { max($0, abs($1)) }
    let difference = zip(values, other.values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return largest == 0 ? Double(difference) : Double(difference) / Double(largest)
  }
}
