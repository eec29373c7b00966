import Diagnostics

/// The rules of this module.
package enum DiffusionRules {
  /// A model with a prompt needs one.
  package static let promptMissing = Rule(
    "run.prompt-missing", kind: .input,
    summary: "A model that reads a prompt is given one.",
    explanation: """
      A model that reads a prompt takes the one of its `example`, or the one on the command
      line.
      """,
    failing: "ditharos run model.yaml",
    fixed: #"ditharos run model.yaml --prompt "sora is sky""#)
  /// A model with classes needs one.
  package static let labelMissing = Rule(
    "run.label-missing", kind: .input,
    summary: "A model that reads a label is given one.",
    explanation: "A model with classes is asked for one of them by its number or its name.",
    failing: "ditharos run Specs/dit-s-2.yaml --weights random:0",
    fixed: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0")
  /// A prompt or a label that the model does not read.
  package static let unused = Rule(
    "run.unused-input", kind: .input,
    summary: "The model reads what it is given.",
    explanation: """
      A prompt for a model that reads none would be dropped in silence, and the result would not
      be what was asked for.
      """,
    failing: #"ditharos run Specs/dit-s-2.yaml --prompt "a dog" --weights random:0"#,
    fixed: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0")
  /// A label that is no class.
  package static let label = Rule(
    "run.label-range", kind: .input,
    summary: "A label is the number of a class, or one of its names.",
    explanation: """
      Classes count from 0, so that the greatest label is one less than `classes`. Where the spec
      has names for classes, in `conditioning.label.names`, a label can be one of them, in any case
      of letters.
      """,
    failing: "ditharos run Specs/dit-s-2.yaml --label 1000 --weights random:0",
    fixed: "ditharos run Specs/dit-s-2.yaml --label 999 --weights random:0")
  /// A label by a name that is not one class's.
  package static let labelName = Rule(
    "run.label-name", kind: .input,
    summary: "A label is the name of one class.",
    explanation: """
      Names come from `conditioning.label.names` or `names_file`, or from `id2label` of the
      folder of the weights. Any of the names that commas separate will do, as long as a single
      class has it. A number always works.
      """,
    failing: "ditharos run model.yaml --label tabyb",
    fixed: "ditharos run model.yaml --label tabby")
  /// Pictures that do not fit the model.
  package static let pixels = Rule(
    "run.pictures", kind: .input,
    summary: "The pictures given fit the model.",
    explanation: """
      Pictures to start from have the size and the number of frames that the model makes, or
      sizes that can be scaled to it.
      """,
    failing: "ditharos run Specs/sora-by-hand.yaml --video one-frame.png",
    fixed: "ditharos run Specs/sora-by-hand.yaml --video four-frames.gif")
  /// Noise that does not fit the latent.
  package static let noise = Rule(
    "run.noise", kind: .input,
    summary: "The noise given fits the latent.",
    explanation: "A noise file holds one tensor of the latent's shape, its numbers finite.",
    failing: "ditharos run Specs/sora-by-hand.yaml --noise other-model.safetensors",
    fixed: "ditharos run Specs/sora-by-hand.yaml")
  /// A number of samples that cannot be.
  package static let count = Rule(
    "run.count", kind: .usage,
    summary: "A run makes 1 to 1024 samples.",
    explanation: """
      `--count` samples of every `--label` are made one after another, or `--batch` of them
      together, and each is written as soon as it is finished.
      """,
    failing: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 --count 0",
    fixed: "ditharos run Specs/dit-s-2.yaml --label 207 --weights random:0 --count 4")
  /// A recipe that cannot be used.
  package static let recipe = Rule(
    "run.recipe", kind: .input,
    summary: "A picture to repeat says how it was made.",
    explanation: """
      `run` leaves in every PNG, WebP and safetensors file how it was made. `--like` reads it
      from there. Programs that edit pictures often drop it, and what is not as `run` writes it
      is refused, because such a file can come from anyone.
      """,
    failing: "ditharos run --like photo.png",
    fixed: "ditharos run --like dog.png")
  /// A repetition with something that is not as it was.
  package static let recipeDiffers = Rule(
    "run.recipe-differs", severity: .warning, kind: .input,
    summary: "A picture is repeated with what made it.",
    explanation: """
      The same bytes come of the same spec, weights, kernels and version of the program. Another
      row of kernels adds in another order, so that the last digits differ; another spec or other
      weights give another picture.
      """,
    failing: "DITHAROS_ISA=portable ditharos run --like dog.png",
    fixed: "ditharos run --like dog.png")
  /// A tensor that does not fit the graph.
  package static let tensor = Rule(
    "eval.tensor", kind: .input,
    summary: "The tensors given fit the graph.",
    explanation: """
      The inputs of `eval` have the names and the shapes that the graph reads: `latent`,
      `timestep`, `label` and so on, each with the batch first.
      """,
    failing: "ditharos eval model.yaml --inputs image.safetensors --outputs out.safetensors",
    fixed: """
      ditharos eval model.yaml --inputs latent-and-timestep.safetensors --outputs out.safetensors
      """)
  /// An entry that the model does not have.
  package static let entry = Rule(
    "eval.entry", kind: .usage,
    summary: "The model has the entry asked for.",
    explanation: "A denoiser has the entry `denoiser`, an autoencoder `encode` and `decode`.",
    failing: """
      ditharos eval model.yaml --entry decoder --inputs in.safetensors --outputs out.safetensors
      """,
    fixed: """
      ditharos eval model.yaml --entry decode --inputs in.safetensors --outputs out.safetensors
      """)
  /// A model too large to trace.
  package static let traceSize = Rule(
    "trace.size", kind: .usage,
    summary: "A trace shows models of at most 4096 values a tensor.",
    explanation: """
      A trace prints every number of every matrix. Beyond some thousands nobody reads them;
      `plan` shows the shapes of large models, and `eval` writes their tensors.
      """,
    failing: "ditharos trace Specs/dit-xl-2-256.yaml",
    fixed: "ditharos trace Specs/sora-by-hand.yaml")
  /// Memory that the system does not give.
  package static let memory = Rule(
    "run.memory", kind: .input,
    summary: "There is memory for what the plan says.",
    explanation: """
      All memory is taken at the start, as much as the plan says, so that a run does not fail
      half way. A smaller batch or size needs less.
      """,
    failing: "ditharos run Specs/dit-xl-2-512.yaml --label 207 --weights random:0 --count 1000",
    fixed: "ditharos run Specs/dit-xl-2-512.yaml --label 207 --weights random:0 --count 1")
  /// Numbers that are not finite.
  package static let notFinite = Rule(
    "run.not-finite", kind: .input,
    summary: "Results are finite.",
    explanation: """
      A prediction that overflows to infinity or is no number gives a blank picture. The weights
      do not fit the spec, or the guidance is far too strong.
      """,
    failing: "ditharos run model.yaml --label 207 --guidance 1e30",
    fixed: "ditharos run model.yaml --label 207 --guidance 4")

  /// Kernels that do not run here.
  package static let kernels = Rule(
    "options.kernels", kind: .usage,
    summary: "The kernels asked for run on this processor.",
    explanation: """
      Kernels are written once per instruction set, and the best that the processor has are taken.
      The variable DITHAROS_ISA names others, to compare them; the processor must have them.
      """,
    failing: "DITHAROS_ISA=avx1024 ditharos bench",
    fixed: "ditharos bench")

  /// All of them.
  package static let all = [
    promptMissing, labelMissing, unused, label, labelName, pixels, noise, count, recipe,
    recipeDiffers, tensor, entry, traceSize, memory,
    notFinite, kernels,
  ]
}
