import Diagnostics
import Diffusion
import Media
import Weights

extension RunCommand {
  /// The recipe in a file that `run` wrote.
  ///
  /// - Throws: `run.recipe` where there is none, or one that cannot be used; what reading throws.
  func readRecipe(_ path: String) throws(DiagnosticsError) -> RunRecipe {
    var text: String?
    if path.lowercased().hasSuffix(".safetensors") {
      text = try SafetensorsFile(path: path).metadata.first { $0.key == RunRecipe.metadataKey }?
        .value
    } else {
      do throws(MediaError) {
        text = try PictureText.read(path: path)
      } catch {
        throw DiagnosticsError(
          Diagnostic(
            DiffusionRules.recipe, "\(error.path): \(error.message)",
            help: error.help ?? "name a PNG, WebP or safetensors file that `run` wrote"))
      }
    }
    guard let text else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.recipe, "`\(path)` does not say how it was made",
          help: "name a PNG, WebP or safetensors file that `run` wrote, and of several samples one "
            + "rather than their contact sheet; programs that edit pictures drop what it says"))
    }
    return try RunRecipe(json: text, file: path)
  }

  /// The same command with what a recipe says where nothing is given.
  func repeating(_ recipe: RunRecipe) -> RunCommand {
    var command = self
    if spec == nil, recipe.spec.path != "-" { command.spec = recipe.spec.path }
    command.weights = weights ?? recipe.weights.path
    command.prompt = prompt ?? recipe.prompt
    if label.isEmpty { command.label = recipe.label.map { ["\($0)"] } ?? [] }
    command.negativeLabel = negativeLabel ?? recipe.negativeLabel.map { "\($0)" }
    if plan.sampler == nil, recipe.isSamplerChosen { command.plan.sampler = recipe.sampler }
    command.plan.steps = plan.steps ?? recipe.steps
    command.plan.guidance = plan.guidance ?? recipe.guidance
    command.cache.cacheThreshold =
      cache.cacheThreshold ?? CacheArgument(threshold: recipe.cacheThreshold)
    command.plan.size =
      plan.size ?? SizeArgument(height: recipe.height, width: recipe.width)
    command.plan.frames = plan.frames ?? recipe.frames
    command.element.precision = element.precision ?? recipe.precision
    if seed == nil, noise == nil {
      switch recipe.noise {
      case .seed: command.seed = recipe.seed
      case .example: break
      case .file(let file):
        command.noise = file.path
        // Samplers that add noise draw it from the seed.
        command.seed = recipe.seed
      }
    }
    if video == nil, image == nil { command.image = recipe.start?.path }
    if strength == nil, recipe.strength != 1 || command.image != nil {
      command.strength = recipe.strength
    }
    command.scale = scale ?? recipe.scale
    command.fps = fps ?? recipe.framesPerSecond
    Console.complain(
      "repeats \(like ?? ""): spec \(command.spec ?? "-"), weights "
        + "\(command.weights ?? "of the spec")")
    return command
  }
}
