import Glibc
import ModelSpec

extension TrainingSpec {
  /// The learning rate of a step, from 0 on.
  package func learningRate(at step: Int) -> Double {
    if step < schedule.warmup {
      return learningRate * Double(step + 1) / Double(schedule.warmup)
    }
    switch schedule.kind {
    case .constant: return learningRate
    case .cosine:
      let length = max(steps - schedule.warmup, 1)
      let share = min(Double(step - schedule.warmup) / Double(length), 1)
      return learningRate * (1 + cos(Double.pi * share)) / 2
    }
  }
}
