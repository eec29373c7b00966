import Diagnostics

/// The rules of this module.
package enum CompileRules {
  /// A graph that breaks an invariant.
  package static let brokenGraph = Rule(
    "compiler.broken-graph", kind: .program,
    summary: "Every graph fulfils its invariants.",
    explanation: """
      The compiler checks its own graphs. A graph that breaks an invariant is a fault of the
      program, whatever the spec says; a report with the spec helps to repair it.
      """)
  /// A spec without a denoiser where one is needed.
  package static let noDenoiser = Rule(
    "compiler.no-denoiser", kind: .spec,
    summary: "Sampling needs a denoiser.",
    explanation: """
      A file may hold an autoencoder alone, which validates and can be part of another spec. To
      sample takes a denoiser: its `patch_size`, `latent_dim`, `depth` and `heads`.
      """,
    failing: "ditharos run autoencoder.yaml",
    fixed: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0")
  /// A number of steps that the sampler cannot take.
  package static let steps = Rule(
    "options.steps", kind: .usage,
    summary: "The sampler can take the steps asked for.",
    explanation: """
      A sampler visits each timestep of training at most once, so that a run has at most as many
      steps as the schedule has timesteps.
      """,
    failing: "ditharos plan Specs/dit-s-2.yaml --steps 5000",
    fixed: "ditharos plan Specs/dit-s-2.yaml --steps 50")
  /// A sampler that there is none of, or that does not fit the model.
  package static let sampler = Rule(
    "options.sampler", kind: .usage,
    summary: "The sampler asked for exists and fits the model.",
    explanation: """
      Another sampler can be asked for than the spec's. It keeps what the model was trained for (the
      schedule, the prediction, the variance), the number of steps, the guidance and the limit of
      the signal; its own settings are the defaults. A model of a flow cannot be sampled with DDIM,
      nor a model of noise with Euler's method on a flow.
      """,
    failing: "ditharos plan Specs/dit-s-2.yaml --sampler euler",
    fixed: "ditharos plan Specs/dit-s-2.yaml --sampler dpm_solver")
  /// A strength outside (0, 1].
  package static let strength = Rule(
    "options.strength", kind: .usage,
    summary: "Strength is above 0 and at most 1.",
    explanation: """
      Strength is the part of the way from noise that is taken: 1 ignores the picture given, and
      at 0 nothing would be done.
      """,
    failing: "ditharos run model.yaml --image in.png --strength 2",
    fixed: "ditharos run model.yaml --image in.png --strength 0.6")
  /// Guidance that cannot be.
  package static let guidance = Rule(
    "options.guidance", kind: .usage,
    summary: "Guidance has a null condition to compare with.",
    explanation: """
      Guidance compares the prediction with a condition to the one without, which takes a label
      or a prompt that training drops at times.
      """,
    failing: "ditharos plan Specs/sora-by-hand.yaml --guidance 4",
    fixed: "ditharos plan Specs/sora-by-hand.yaml")
  /// A cache that cannot be.
  package static let cache = Rule(
    "options.cache", kind: .usage,
    summary: "A cache threshold is from 0 to 10, for a model of several blocks.",
    explanation: """
      A step whose first block changes the tokens nearly as in the last step can take the result
      of the other blocks from there. The threshold is how much it may differ, as a share: 0 skips
      nothing, and above 0.2 pictures begin to suffer. A model of one block has nothing to skip.
      """,
    failing: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 --cache-threshold -1",
    fixed: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 --cache-threshold 0.1")
  /// A size that the model cannot have.
  package static let size = Rule(
    "options.size", kind: .usage,
    summary: "Patches cover the size asked for exactly.",
    explanation: """
      Patches tile the latent, and those of the autoencoder the picture, without a rest.
      """,
    failing: "ditharos plan Specs/dit-s-2.yaml --size 33x33",
    fixed: "ditharos plan Specs/dit-s-2.yaml --size 32x32")
  /// A number of samples that cannot be.
  package static let batch = Rule(
    "options.batch", kind: .usage,
    summary: "1 to 1024 samples are made together.",
    explanation: "Samples made together share one plan, whose memory grows with their number.",
    failing: "ditharos plan Specs/dit-s-2.yaml --batch 5000",
    fixed: "ditharos plan Specs/dit-s-2.yaml --batch 8")
  /// More work than can be counted.
  package static let tooLarge = Rule(
    "compiler.too-large", kind: .spec,
    summary: "A step takes at most 10^17 multiply-accumulates.",
    explanation: """
      Sizes and work are counted before anything is allocated. What cannot be counted cannot be
      run on any machine.
      """,
    failing: "ditharos plan Specs/dit-xl-2-512.yaml --size 65536x65536",
    fixed: "ditharos plan Specs/dit-xl-2-512.yaml --size 64x64")

  /// A training that the spec does not describe.
  package static let noTraining = Rule(
    "compiler.no-training", kind: .spec,
    summary: "A model that is trained says how.",
    explanation: """
      The loss, the optimizer and the number of steps belong to the model's description: key
      `training`. A spec without it describes a model that is run as it is.
      """,
    failing: "diffusion: {sampler: ddim}",
    fixed: """
      diffusion: {sampler: ddim}
      training: {optimizer: {kind: adamw, learning_rate: 1e-4}}
      """)

  /// All of them.
  package static let all = [
    brokenGraph, noDenoiser, noTraining, sampler, steps, strength, guidance, cache, size, batch,
    tooLarge,
  ]
}
