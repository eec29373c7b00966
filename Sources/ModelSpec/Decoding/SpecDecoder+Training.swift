import Schedules

extension SpecDecoder {
  /// The training of a checked mapping.
  mutating func training(_ mapping: CheckedMapping, _ diffusion: DiffusionSpec?) -> TrainingSpec {
    let path = "training"
    let optimizerPath = path + ".optimizer"
    let optimizer = self.mapping(mapping, "optimizer", at: optimizerPath)
    var training = TrainingSpec(
      learningRate: optimizer.flatMap {
        number($0, "learning_rate", at: optimizerPath + ".learning_rate")
      } ?? 1)
    if let optimizer { training.optimizer = self.optimizer(optimizer, at: optimizerPath) }
    training.loss =
      choice(mapping, "loss", at: path + ".loss", as: TrainingSpec.Loss.self) ?? .mse
    training.weighting = weighting(mapping)
    training.timesteps = timesteps(mapping)
    training.variationalWeight =
      number(mapping, "variational_weight", at: path + ".variational_weight")
    if training.variationalWeight == nil, diffusion?.variance == .learnedRange,
      case .betas(let schedule)? = diffusion?.schedule
    {
      training.variationalWeight = Double(schedule.trainSteps) / 1000
    }
    if let schedule = self.mapping(mapping, "schedule", at: path + ".schedule") {
      training.schedule = TrainingSpec.RateSchedule(
        kind: choice(
          schedule, "kind", at: path + ".schedule.kind", as: TrainingSpec.RateSchedule.Kind.self)
          ?? .constant,
        warmup: integer(schedule, "warmup", at: path + ".schedule.warmup") ?? 0)
    }
    training.clip = number(mapping, "clip", at: path + ".clip")
    training.ema = number(mapping, "ema", at: path + ".ema")
    training.batch = integer(mapping, "batch", at: path + ".batch") ?? training.batch
    training.accumulate =
      integer(mapping, "accumulate", at: path + ".accumulate") ?? training.accumulate
    training.steps = integer(mapping, "steps", at: path + ".steps") ?? training.steps
    return training
  }

  private mutating func optimizer(
    _ mapping: CheckedMapping, at path: String
  ) -> TrainingSpec.Optimizer {
    guard text(mapping, "kind", at: path + ".kind") == "adamw" else { return .sgd }
    var settings = TrainingSpec.AdamW()
    let betas = list(mapping, "betas", at: path + ".betas")?.compactMap { element in
      if case .number(let value) = element.content { return value }
      return Double?.none
    }
    if let betas, betas.count == 2 {
      (settings.firstBeta, settings.secondBeta) = (betas[0], betas[1])
    }
    settings.epsilon = number(mapping, "epsilon", at: path + ".epsilon") ?? settings.epsilon
    settings.weightDecay =
      number(mapping, "weight_decay", at: path + ".weight_decay") ?? settings.weightDecay
    return .adamW(settings)
  }

  private mutating func weighting(_ mapping: CheckedMapping) -> TrainingSpec.Weighting {
    let path = "training.weighting"
    guard let weighting = self.mapping(mapping, "weighting", at: path),
      text(weighting, "kind", at: path + ".kind") == "min_snr"
    else { return .none }
    return .minSNR(gamma: number(weighting, "gamma", at: path + ".gamma") ?? 5)
  }

  private mutating func timesteps(_ mapping: CheckedMapping) -> TrainingSpec.Timesteps {
    let path = "training.timesteps"
    guard let timesteps = self.mapping(mapping, "timesteps", at: path),
      text(timesteps, "kind", at: path + ".kind") == "logit_normal"
    else { return .uniform }
    return .logitNormal(
      mean: number(timesteps, "mean", at: path + ".mean") ?? 0,
      deviation: number(timesteps, "deviation", at: path + ".deviation") ?? 1)
  }
}
