import Diagnostics

/// The rules of model folders that other programs wrote.
package enum ImportRules {
  /// A path that is no model folder.
  package static let folder = Rule(
    "import.folder", kind: .input,
    summary: "A folder that is imported is a pipeline or a component as diffusers saves them.",
    explanation: """
      A pipeline's folder holds `model_index.json`, which names its components, and a folder for
      each. A component's holds `config.json`, a scheduler's `scheduler_config.json`; either file
      may be named itself. All else that is needed is in those files and in the weights beside
      them.
      """,
    failing: "ditharos import models/",
    fixed: "ditharos import models/DiT-XL-2-256")
  /// A class that cannot be said as a spec.
  package static let unsupportedClass = Rule(
    "import.class", kind: .input,
    summary: "The classes of a model folder are those that a spec can say.",
    explanation: """
      Every configuration of diffusers names a class. Of pipelines DiTPipeline is read, of
      denoisers DiTTransformer2DModel, also as the Transformer2DModel of old folders, of
      autoencoders AutoencoderKL and AutoencoderTiny, of schedulers DDPMScheduler, DDIMScheduler,
      DPMSolverMultistepScheduler and FlowMatchEulerDiscreteScheduler. A component of any other class would be left out or
      guessed, and the pictures would be others.
      """,
    failing: #""_class_name": "PNDMScheduler""#,
    fixed: #""_class_name": "DDIMScheduler""#)
  /// An argument that cannot be said as a spec.
  package static let argument = Rule(
    "import.argument", kind: .input,
    summary: "The arguments of a class are those that a spec can say.",
    explanation: """
      A configuration holds the arguments of its class; those that are left out have the defaults
      of diffusers 0.42.1. Arguments that change numbers become keys of the spec. A value for
      which there is no key is refused, because any other value would give other pictures than
      the model's authors made.
      """,
    failing: #""algorithm_type": "sde-dpmsolver++""#,
    fixed: #""algorithm_type": "dpmsolver++""#)
  /// An argument that the class does not have.
  package static let unknownArgument = Rule(
    "import.unknown-argument", severity: .warning, kind: .input,
    summary: "The arguments of a configuration are those of its class.",
    explanation: """
      A configuration often keeps arguments of the class that it was converted from. Diffusers
      ignores what a class does not know, and so does the import.
      """,
    failing: #""skip_prk_steps": true"#,
    fixed: #""clip_sample": false"#)
  /// Weights that were not looked at.
  package static let weights = Rule(
    "import.weights", severity: .warning, kind: .input,
    summary: "The weights of an imported model can be read, and lie where the spec can name them.",
    explanation: """
      The weights say whether the blocks share their embedders, and prove that the spec fits. A
      pickle checkpoint can run any program when it is read and is not opened. A spec names files
      within its own folder alone; weights that lie elsewhere are named with `--weights`.
      """,
    failing: "ditharos import /models/DiT-XL-2-256 -o dit.yaml",
    fixed: "ditharos import /models/DiT-XL-2-256 -o /models/dit.yaml")

  /// All of them.
  package static let all = [folder, unsupportedClass, argument, unknownArgument, weights]
}
