import Documents

extension TrainingSpec {
  var canonicalValue: YAMLValue {
    canonicalMapping([
      ("loss", canonicalName(loss)), ("weighting", weighting.canonicalValue),
      ("variational_weight", variationalWeight.map(YAMLValue.number)),
      ("timesteps", timesteps.canonicalValue),
      ("optimizer", optimizer.canonicalValue(learningRate: learningRate)),
      (
        "schedule",
        canonicalMapping([
          ("kind", canonicalName(schedule.kind)), ("warmup", .integer(schedule.warmup)),
        ])
      ),
      ("clip", canonicalOptional(clip)), ("ema", canonicalOptional(ema)),
      ("batch", .integer(batch)), ("accumulate", .integer(accumulate)), ("steps", .integer(steps)),
    ])
  }
}

extension TrainingSpec.Weighting {
  fileprivate var canonicalValue: YAMLValue {
    switch self {
    case .none: canonicalMapping([("kind", .plain("none"))])
    case .minSNR(let gamma):
      canonicalMapping([("kind", .plain("min_snr")), ("gamma", .number(gamma))])
    }
  }
}

extension TrainingSpec.Timesteps {
  fileprivate var canonicalValue: YAMLValue {
    switch self {
    case .uniform: canonicalMapping([("kind", .plain("uniform"))])
    case .logitNormal(let mean, let deviation):
      canonicalMapping([
        ("kind", .plain("logit_normal")), ("mean", .number(mean)),
        ("deviation", .number(deviation)),
      ])
    }
  }
}

extension TrainingSpec.Optimizer {
  fileprivate func canonicalValue(learningRate: Double) -> YAMLValue {
    switch self {
    case .sgd:
      canonicalMapping([("kind", .plain("sgd")), ("learning_rate", .number(learningRate))])
    case .adamW(let settings):
      canonicalMapping([
        ("kind", .plain("adamw")), ("learning_rate", .number(learningRate)),
        (
          "betas",
          .sequence([.number(settings.firstBeta), .number(settings.secondBeta)])
        ),
        ("epsilon", .number(settings.epsilon)), ("weight_decay", .number(settings.weightDecay)),
      ])
    }
  }
}
