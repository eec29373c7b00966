import Diagnostics
import Documents
import ModelSpec
import Testing

/// What a `scheduler_config.json` cannot say.
@Suite struct SchedulerImportTests {
  private func imported(_ text: String) throws -> ImportedScheduler {
    try importScheduler(
      parseJSON(text, file: "scheduler_config.json", allowsNonFinite: true))
  }

  private func problems(_ text: String) throws -> [String] {
    do {
      _ = try imported(text)
      return []
    } catch let error as DiagnosticsError {
      return error.diagnostics.map { problem in
        let place = problem.primary.map { "\($0.start.line):\($0.start.column)" } ?? "-"
        return "\(place) \(problem.rule.id) \(problem.message)"
      }
    }
  }

  @Test func `writes the keys that apply`() throws {
    let ddim = try imported(
      """
      {"_class_name": "DDIMScheduler", "_diffusers_version": "0.13.0", "beta_schedule":
       "squaredcos_cap_v2", "clip_sample": false, "beta_end": 0.012, "steps_offset": 1}
      """)
    #expect(
      ddim.diffusion.flow
        == "{schedule: {curve: squared_cosine, train_steps: 1000, zero_terminal_snr: false}, "
        + "prediction: epsilon, sampler: ddim, spacing: leading, steps_offset: 1, "
        + "set_alpha_to_one: true}")
    let flow = try imported(
      """
      {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0,
       "use_dynamic_shifting": true, "shift_terminal": null, "base_image_seq_len": 128}
      """)
    #expect(
      flow.diffusion.flow
        == "{schedule: {curve: flow, train_steps: 1000, dynamic_shift: {form: exponential, "
        + "base_shift: 0.5, max_shift: 1.15, base_tokens: 128, max_tokens: 4096}}, "
        + "prediction: flow, sampler: euler, shift_terminal: none, stochastic: false}")
  }

  @Test func `everything that is not supported is reported at its place`() throws {
    let found = try problems(
      """
      {
        "_class_name": "DPMSolverMultistepScheduler",
        "algorithm_type": "sde-dpmsolver++",
        "solver_order": 3,
        "beta_schedule": "sigmoid",
        "trained_betas": [0.1, 0.2],
        "use_lu_lambdas": true,
        "beta_start": "small"
      }
      """)
    let expected = [
      "8:17 import.argument `beta_start` is the string \"small\", expected a number from 0 to "
        + "below 1",
      "5:20 import.argument `beta_schedule` of DPMSolverMultistepScheduler is `sigmoid`, which "
        + "is not supported",
      "6:20 import.argument `trained_betas` of DPMSolverMultistepScheduler is a list or a "
        + "mapping, which is not supported",
      "3:21 import.argument `algorithm_type` of DPMSolverMultistepScheduler is "
        + "`sde-dpmsolver++`, which is not supported",
      "7:21 import.argument `use_lu_lambdas` of DPMSolverMultistepScheduler is `true`, which "
        + "is not supported",
      "4:19 import.argument `solver_order` is 3, expected an integer from 1 to 2",
    ]
    #expect(found.sorted() == expected.sorted())
    #expect(
      try problems(#"{"_class_name": "DDPMScheduler", "variance_type": "fixed_large_log"}"#)
        .count == 1)
  }

  @Test func `another scheduler is refused with those that are not`() throws {
    let found = try problems(#"{"_class_name": "PNDMScheduler"}"#)
    #expect(found == ["1:17 import.class scheduler `PNDMScheduler` is not supported"])
    #expect(try problems("{}").count == 1)
    #expect(try problems("[]").count == 1)
  }

  @Test func `an argument of another class is a warning`() throws {
    let ddim = try imported(
      #"{"_class_name": "DDIMScheduler", "skip_prk_steps": true, "_internal": 1}"#)
    #expect(
      ddim.keys.warnings.map(\.message)
        == ["`skip_prk_steps` is no argument of DDIMScheduler and is ignored"])
    #expect(ddim.keys.warnings.allSatisfy { $0.rule.severity == .warning })
  }

  @Test func `infinities are read where they are allowed alone`() throws {
    for word in ["-Infinity", "Infinity", "NaN"] {
      let text = #"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": \#(word)}"#
      #expect(try imported(text).diffusion.flow.contains("lambda_min_clipped: none"))
      #expect(throws: DiagnosticsError.self) { try parseJSON(text, file: "config.json") }
    }
  }
}
