import Compiler
import Diagnostics
import Diffusion
import Media
import ModelSpec

/// A text-to-video model, ready to answer questions one by one.
package final class SceneSampler {
  /// What is chosen beyond the spec; nil takes the spec's.
  package struct Options: Sendable {
    package var weights: String?
    package var steps: Int?
    package var guidance: Double?
    package var threads: Int?

    package init(weights: String?, steps: Int?, guidance: Double?, threads: Int?) {
      self.weights = weights
      self.steps = steps
      self.guidance = guidance
      self.threads = threads
    }
  }

  /// The model's name.
  package let name: String
  /// The steps of a clip.
  package let steps: Int
  /// The guidance scale.
  package let guidance: Double
  private let run: SamplingRun

  /// Compiles a spec and binds its weights.
  ///
  /// - Throws: What is wrong with the spec, the options or the weights.
  package init(spec path: String, _ options: Options) throws(DiagnosticsError) {
    let loaded = try loadSpec(file: path)
    var compilation = CompileOptions()
    compilation.steps = options.steps
    compilation.guidance = options.guidance
    let compiler = try ModelCompiler(loaded, options: compilation)
    let parameters = try loaded.spec.openParameters(options.weights, folder: folder(of: path))
    name = loaded.spec.name
    guidance = try compiler.guidance()
    run = try SamplingRun(
      compiler.sampling(), engine: Engine(parameters: parameters, threads: options.threads))
    steps = run.stepCount
  }

  /// The clip that the model makes of a question.
  ///
  /// - Throws: Rules `run.*` and those of prompts.
  package func frames(_ question: SceneQuestion) throws(DiagnosticsError) -> Frames {
    var request = SamplingRequest()
    request.conditions.prompt = question.prompt
    request.seed = question.seed
    return try run.pictures(of: run.latents(request)).frames
  }
}
