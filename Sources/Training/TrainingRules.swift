import Diagnostics

/// The rules of this module.
package enum TrainingRules {
  /// A loss or a gradient that is no number.
  package static let notFinite = Rule(
    "training.not-finite", kind: .input,
    summary: "Losses and gradients are finite.",
    explanation: """
      A number that is infinite or none would reach every parameter with the next step. Training
      stops before that step and names the first tensor that is affected. A smaller learning rate,
      `clip`, or a longer warm-up usually helps; so does a look at the data.
      """,
    failing: "training: {optimizer: {kind: sgd, learning_rate: 1000}}",
    fixed: "training: {clip: 1, optimizer: {kind: sgd, learning_rate: 0.01}}")
  /// Samples that do not fit the model.
  package static let samples = Rule(
    "training.samples", kind: .input,
    summary: "Samples have the model's shape and conditions.",
    explanation: """
      Every sample is a latent of the model's shape, with a label where the model reads labels and
      with words where it reads a prompt.
      """)
  /// A checkpoint that does not continue this training.
  package static let checkpoint = Rule(
    "training.checkpoint", kind: .input,
    summary: "A checkpoint belongs to the training that it continues.",
    explanation: """
      A training continues exactly where it stopped, which takes the same model, the same batches
      and the same seed. A checkpoint of another one, or one of which a part is missing, is refused.
      """)
  /// A checkpoint that cannot be written.
  package static let writing = Rule(
    "training.write", kind: .input,
    summary: "Checkpoints can be written.",
    explanation: """
      A checkpoint is a folder, which takes its name when all of its files are on the disk. A folder
      of that name that is there already is kept.
      """)
  /// A data folder that a model cannot learn from.
  package static let data = Rule(
    "training.data", kind: .input,
    summary: "A data folder holds what the model learns from.",
    explanation: """
      Data are pictures, animations and videos in a folder and its sub-folders. A model with a
      prompt needs words for each, in `NAME.txt` beside `NAME.webp` or in `captions.jsonl`; a model
      with a label needs a sub-folder for each class. A sample that cannot be used is left out and
      named; this rule is broken where none is left.
      """,
    failing: "ditharos train digits.yaml --data empty/ --out run",
    fixed: "ditharos train digits.yaml --data digits/ --out run")
  /// A folder that a training cannot write to.
  package static let run = Rule(
    "training.run", kind: .input,
    summary: "A training has a folder of its own.",
    explanation: """
      The folder of a training holds its checkpoints, metrics and samples. A new training takes a
      new or an empty folder; `--resume` continues the one that is there, which one process at a
      time may do.
      """,
    failing: "ditharos train digits.yaml --data digits/ --out run",
    fixed: "ditharos train digits.yaml --data digits/ --out run --resume")
  /// A stage in which nothing learns.
  package static let stage = Rule(
    "training.stage", kind: .spec,
    summary: "The stage of a training has something to change.",
    explanation: """
      A model with an autoencoder learns in two stages: encoder and decoder first, unless they are
      frozen, and the denoiser after them, with the autoencoder as it then is.
      """,
    failing: "autoencoder: {patch_size: 2, latent_channels: 4, frozen: true}",
    fixed: "autoencoder: {patch_size: 2, latent_channels: 4, frozen: false}")

  /// All of them.
  package static let all = [notFinite, samples, checkpoint, writing, data, run, stage]
}
