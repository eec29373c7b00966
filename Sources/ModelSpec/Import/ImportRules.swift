import Diagnostics

/// The rules of configurations that other programs wrote.
package enum ImportRules {
  /// A scheduler that cannot be said as a spec.
  package static let scheduler = Rule(
    "import.scheduler", kind: .input,
    summary: "The scheduler of a model folder is one that a spec can say.",
    explanation: """
      A `scheduler_config.json` of diffusers names a class and its arguments. DDPM, DDIM, multistep
      DPM-Solver++ and Euler's method on a flow are read, each with the arguments that change
      nothing else than keys of `diffusion` do. Any other value would give other pictures than
      the model's authors made.
      """,
    failing: #""algorithm_type": "sde-dpmsolver++""#,
    fixed: #""algorithm_type": "dpmsolver++""#)
  /// An argument that the scheduler's class does not have.
  package static let schedulerArgument = Rule(
    "import.scheduler-argument", severity: .warning, kind: .input,
    summary: "The arguments of a scheduler are those of its class.",
    explanation: """
      A configuration often keeps arguments of the class that it was converted from. Diffusers
      ignores what a class does not know, and so does the import.
      """,
    failing: #""skip_prk_steps": true"#,
    fixed: #""clip_sample": false"#)

  /// All of them.
  package static let all = [scheduler, schedulerArgument]
}
