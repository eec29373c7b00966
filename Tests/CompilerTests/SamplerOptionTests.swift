import Compiler
import Diagnostics
import ModelSpec
import Schedules
import Testing

/// Another sampler than the spec's.
@Suite struct SamplerOptionTests {
  private static let clipped = SmallModels.picture.replacing(
    "schedule: linear,", with: "schedule: scaled_linear, clip_sample: 2, guidance: 3, eta: 1,")

  private func compiler(
    _ text: String, _ sampler: String, steps: Int? = nil
  ) throws -> ModelCompiler {
    var options = CompileOptions()
    options.sampler = sampler
    options.steps = steps
    return try ModelCompiler(SmallModels.load(text), options: options)
  }

  private func problem(
    _ text: String, _ sampler: String, steps: Int? = nil
  ) throws -> Diagnostic? {
    do {
      _ = try compiler(text, sampler, steps: steps).trajectory()
      return nil
    } catch let error as DiagnosticsError {
      return error.diagnostics.first
    }
  }

  @Test func `keeps the model and the limit, and takes its own defaults`() throws {
    let own = try #require(try SmallModels.load(Self.clipped).spec.diffusion)
    let ddpm = try #require(try compiler(Self.clipped, "ddpm").spec.diffusion)
    #expect(ddpm.sampler == .ddpm(.init(variance: .learnedRange, clipSample: 2)))
    #expect(ddpm.schedule == own.schedule && ddpm.prediction == own.prediction)
    #expect(ddpm.guidance == 3 && ddpm.steps == own.steps)
    let solver = try #require(try compiler(Self.clipped, "dpm_solver").spec.diffusion)
    #expect(solver.sampler == .dpmSolver(.init()))
    #expect(try compiler(Self.clipped, "ddim").spec.diffusion == own)
  }

  @Test func `is the sampler that a spec would say`() throws {
    let said = SmallModels.picture.replacing(
      "schedule: linear,", with: "schedule: linear, sampler: dpm_solver,")
    #expect(
      try compiler(SmallModels.picture, "dpm_solver").spec.diffusion
        == SmallModels.load(said).spec.diffusion)
  }

  @Test func `an unknown one lists the choices`() throws {
    let problem = try #require(try problem(SmallModels.picture, "dpm-solver"))
    #expect(problem.rule.id == "options.sampler" && problem.rule.kind == .usage)
    #expect(problem.message.contains("did you mean `dpm_solver`?"))
    for kind in Sampler.Kind.allCases {
      #expect(problem.help?.contains("`\(kind.rawValue)`") == true)
    }
  }

  @Test func `one that cannot use the prediction says which can`() throws {
    let flow = SmallModels.picture.replacing(
      "schedule: linear, prediction: epsilon", with: "sampler: euler")
    let ddim = try #require(try problem(flow, "ddim"))
    #expect(ddim.rule.id == "options.sampler")
    #expect(ddim.message.contains("cannot use `prediction: flow`"))
    #expect(ddim.help?.contains("`euler`") == true)
    #expect(try problem(flow, "dpm_solver") == nil)
    let euler = try #require(try problem(SmallModels.picture, "euler"))
    #expect(euler.message.contains("cannot use `prediction: epsilon`"))
    #expect(try problem(SmallModels.picture, "subtract")?.rule.id == "options.sampler")
    // Four binary digits hold no timestep of a thousand.
    #expect(try problem(SmallModels.words, "ddim")?.message.contains("binary digits") == true)
  }

  @Test func `too many steps are reported as steps`() throws {
    #expect(try problem(SmallModels.picture, "ddpm", steps: 1000) == nil)
    let problem = try #require(try problem(SmallModels.picture, "dpm_solver", steps: 1000))
    #expect(problem.rule.id == "options.steps")
    #expect(problem.help == "take 1 to 999")
  }
}
