import Diagnostics

extension SpecRules {
  package static let warmup = rule(
    "warmup", "A training is longer than its warm-up.",
    explanation: """
      The learning rate rises over `warmup` steps, and only then is it what the optimizer says. A
      training that ends before has never used it.
      """,
    failing: """
        schedule: {kind: cosine, warmup: 1000}
        steps: 500
      """,
    fixed: """
        schedule: {kind: cosine, warmup: 100}
        steps: 500
      """)
}

extension SpecDecoder {
  mutating func checkWarmup(_ training: TrainingSpec) {
    let path = "training.schedule.warmup"
    guard training.schedule.warmup >= training.steps, isValid(path), isValid("training.steps")
    else { return }
    report(
      SpecRules.warmup,
      "\(training.schedule.warmup) steps of warm-up leave none of the \(training.steps) steps",
      help: "write at most \(training.steps - 1)", at: path,
      related: [("training.steps", "the number of steps is set here")])
  }
}
