import Diagnostics

/// The rules of the stored profile of the machine.
package enum MachineRules {
  /// A stored profile that cannot be read.
  package static let profile = Rule(
    "machine.profile", severity: .warning, kind: .input,
    summary: "The stored profile of the machine is what the program wrote.",
    explanation: """
      `bench` keeps how fast this machine's kernels are, so that `plan` can state the time of a
      step. A file that is damaged, or that something else wrote, is ignored; measuring again
      replaces it.
      """,
    failing: "echo '{}' > ~/.cache/ditharos/machine.json",
    fixed: "ditharos bench")
  /// A profile that cannot be stored.
  package static let unwritten = Rule(
    "machine.unwritten", severity: .warning, kind: .input,
    summary: "The profile of the machine can be stored.",
    explanation: """
      The profile that `bench` measures is kept in the folder `ditharos` of XDG_CACHE_HOME, or of
      ~/.cache. Where that cannot be written, the numbers are shown and forgotten.
      """,
    failing: "XDG_CACHE_HOME=/proc ditharos bench",
    fixed: "XDG_CACHE_HOME=/tmp/cache ditharos bench")

  /// A measurement that other processes disturbed.
  package static let busy = Rule(
    "machine.busy", severity: .warning, kind: .input,
    summary: "Nothing else runs while `bench` measures.",
    explanation: """
      Times are taken while all threads work. Where the process gets less than nine tenths of their
      time, something else runs on the processors, and the times say as much about that as about
      the model.
      """,
    failing: "make build & ditharos bench Specs/dit-s-2.yaml",
    fixed: "ditharos bench Specs/dit-s-2.yaml")

  /// A warning where a measurement got too small a share of its threads' time.
  package static func warnings(_ what: String, processorShare: Double) -> [Diagnostic] {
    if processorShare >= 0.9 { return [] }
    return [
      Diagnostic(
        busy,
        "other processes ran while \(what) was measured: it had \(percent(processorShare)) of its "
          + "threads' time", help: "measure again when nothing else runs")
    ]
  }

  /// All of them.
  package static let all = [profile, unwritten, busy]
}
