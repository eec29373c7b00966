import Diagnostics
import Schedules

extension SpecDecoder {
  /// The model of a checked root, without the values of `example` and `parameters`.
  mutating func model(_ root: CheckedMapping, hasDenoiser: Bool) -> ModelSpec {
    var spec = ModelSpec(name: text(root, "name", at: "name") ?? "")
    spec.pixels = pixels(root)
    spec.autoencoder = mapping(root, "autoencoder", at: "autoencoder").map {
      autoencoder($0, hasFrames: spec.pixels?.frames != nil)
    }
    spec.diffusion = mapping(root, "diffusion", at: "diffusion").map { diffusion($0) }
    if hasDenoiser {
      spec.denoiser = denoiser(
        root, pixels: spec.pixels, autoencoder: spec.autoencoder,
        variance: spec.diffusion?.variance ?? .none)
    }
    spec.training = mapping(root, "training", at: "training").map { training($0) }
    spec.weights = mapping(root, "weights", at: "weights").map { weights in
      WeightsReference(
        layout: text(weights, "layout", at: "weights.layout") ?? "ditharos",
        file: text(weights, "file", at: "weights.file"))
    }
    spec.limits = mapping(root, "limits", at: "limits").map { limits in
      Limits(
        peakMemory: integer(limits, "peak_memory", at: "limits.peak_memory"),
        parameters: integer(limits, "parameters", at: "limits.parameters"),
        macsPerStep: integer(limits, "macs_per_step", at: "limits.macs_per_step"))
    }
    return spec
  }

  private mutating func pixels(_ root: CheckedMapping) -> PixelSpace? {
    let key = root["video"] == nil ? "image" : "video"
    guard let pixels = mapping(root, key, at: key) else { return nil }
    var range = -1.0...1.0
    if let bounds = list(pixels, "range", at: "\(key).range") {
      let numbers = bounds.compactMap { element in
        if case .number(let value) = element.content { return value }
        return Double?.none
      }
      if numbers.count == 2, numbers[0] < numbers[1] {
        range = numbers[0]...numbers[1]
      } else {
        report(
          SpecRules.pixelRange,
          "the brightest pixel's value is not above the darkest's in `\(key).range`",
          help: "write the value of black first, as in [-1, 1]", at: "\(key).range")
      }
    }
    return PixelSpace(
      frames: key == "video" ? integer(pixels, "frames", at: "\(key).frames") ?? 1 : nil,
      height: integer(pixels, "height", at: "\(key).height") ?? 1,
      width: integer(pixels, "width", at: "\(key).width") ?? 1,
      channels: integer(pixels, "channels", at: "\(key).channels") ?? 1, range: range)
  }

  private mutating func autoencoder(_ mapping: CheckedMapping, hasFrames: Bool) -> Autoencoder {
    let path = "autoencoder"
    let patch = patchSize(mapping, "patch_size", at: path + ".patch_size", hasFrames: hasFrames)
    return Autoencoder(
      kind: choice(mapping, "kind", at: path + ".kind", as: Autoencoder.Kind.self) ?? .linear,
      patchSize: patch,
      order: order(
        mapping, "order", at: path + ".order", hasFrames: hasFrames, patch: patch) ?? [],
      latentChannels: integer(mapping, "latent_channels", at: path + ".latent_channels") ?? 1,
      activation: choice(
        mapping, "activation", at: path + ".activation", as: Activation.self) ?? .none,
      frozen: boolean(mapping, "frozen", at: path + ".frozen") ?? false)
  }

  private mutating func diffusion(_ mapping: CheckedMapping) -> DiffusionSpec {
    let path = "diffusion"
    let isSubtract = text(mapping, "sampler", at: path + ".sampler") == "subtract"
    let sampler: Sampler =
      isSubtract
      ? .subtract(start: integer(mapping, "start", at: path + ".start") ?? 0)
      : .ddim(
        Sampler.DDIM(
          spacing: choice(
            mapping, "spacing", at: path + ".spacing", as: Sampler.DDIM.Spacing.self) ?? .leading,
          stepsOffset: integer(mapping, "steps_offset", at: path + ".steps_offset") ?? 0,
          setAlphaToOne: boolean(mapping, "set_alpha_to_one", at: path + ".set_alpha_to_one")
            ?? true))
    var schedule: NoiseSchedule?
    if !isSubtract {
      schedule = NoiseSchedule(curve: .linear)
      if let given = self.mapping(mapping, "schedule", at: path + ".schedule") {
        schedule = self.schedule(given, at: path + ".schedule")
      }
    }
    return DiffusionSpec(
      schedule: schedule,
      prediction: choice(mapping, "prediction", at: path + ".prediction", as: Prediction.self)
        ?? .epsilon,
      variance: choice(
        mapping, "variance", at: path + ".variance", as: DiffusionSpec.Variance.self) ?? .none,
      sampler: sampler,
      steps: integer(mapping, "steps", at: path + ".steps") ?? (isSubtract ? 1 : 50),
      guidance: number(mapping, "guidance", at: path + ".guidance") ?? 1)
  }

  private mutating func schedule(_ mapping: CheckedMapping, at path: String) -> NoiseSchedule {
    var schedule = NoiseSchedule(
      curve: choice(mapping, "curve", at: path + ".curve", as: NoiseSchedule.Curve.self)
        ?? .linear)
    schedule.trainSteps =
      integer(mapping, "train_steps", at: path + ".train_steps") ?? schedule.trainSteps
    schedule.betaStart =
      number(mapping, "beta_start", at: path + ".beta_start") ?? schedule.betaStart
    schedule.betaEnd = number(mapping, "beta_end", at: path + ".beta_end") ?? schedule.betaEnd
    return schedule
  }

  private mutating func training(_ mapping: CheckedMapping) -> TrainingSpec {
    let path = "training.optimizer"
    let optimizer = self.mapping(mapping, "optimizer", at: path)
    return TrainingSpec(
      loss: choice(mapping, "loss", at: "training.loss", as: TrainingSpec.Loss.self) ?? .mse,
      learningRate: optimizer.flatMap {
        number($0, "learning_rate", at: path + ".learning_rate")
      } ?? 1)
  }
}
