import Diagnostics
import Media
import Tensors
import Weights

/// How one sample was made: what a picture says of itself, and what repeats it to the same bytes.
///
/// It holds nothing of when and where, and nothing of the samples made beside it.
package struct RunRecipe: Sendable, Hashable {
  /// A file, or what stands for one, and what tells it from others.
  package struct Source: Sendable, Hashable {
    /// The path, or `random:SEED`, as it was given; nil for what the spec says.
    package var path: String?
    /// A checksum of the content; nil where there is none.
    package var digest: UInt64?
    /// The sample's row in the file, where it holds one for each sample.
    package var row: Int?

    /// A source.
    package init(path: String? = nil, digest: UInt64? = nil, row: Int? = nil) {
      self.path = path
      self.digest = digest
      self.row = row
    }
  }

  /// Where the noise comes from.
  package enum Noise: Sendable, Hashable {
    case seed
    /// The spec's example.
    case example
    case file(Source)
  }

  /// The version of the program.
  package var version: String
  /// The kernels.
  package var kernels: String
  /// The precision.
  package var precision: Precision
  /// The model's name.
  package var model: String
  /// The spec; its digest is that of the canonical text.
  package var spec: Source
  /// The weights.
  package var weights: Source
  /// The prompt.
  package var prompt: String?
  /// The class.
  package var label: Int?
  /// Its name.
  package var labelName: String?
  /// The class that guidance leads away from; nil for the null class.
  package var negativeLabel: Int?
  /// The seed.
  package var seed: UInt64
  /// Where the noise comes from.
  package var noise: Noise
  /// The pictures or the latent that the run starts from; nil for noise alone or the spec's example.
  package var start: Source?
  /// The share of the steps that was run.
  package var strength: Double
  /// The sampler.
  package var sampler: String
  /// Whether the sampler was chosen beside the spec, in its default settings.
  package var isSamplerChosen: Bool
  /// The steps of a whole run.
  package var steps: Int
  /// The guidance scale; 1 is none.
  package var guidance: Double
  /// The threshold of the step cache; nil without.
  package var cacheThreshold: Double?
  /// Rows: of pixels where the spec has them, else of the latent.
  package var height: Int
  /// Columns, likewise.
  package var width: Int
  /// Frames, likewise; nil for pictures.
  package var frames: Int?
  /// How many screen pixels a pixel takes.
  package var scale: Int
  /// Frames per second; nil for pictures.
  package var framesPerSecond: Double?

  /// A recipe.
  package init(
    version: String, kernels: String, precision: Precision, model: String, spec: Source,
    weights: Source, prompt: String? = nil, label: Int? = nil, labelName: String? = nil,
    negativeLabel: Int? = nil, seed: UInt64, noise: Noise, start: Source? = nil,
    strength: Double, sampler: String, isSamplerChosen: Bool, steps: Int, guidance: Double,
    cacheThreshold: Double? = nil,
    height: Int, width: Int, frames: Int? = nil, scale: Int, framesPerSecond: Double? = nil
  ) {
    self.version = version
    self.kernels = kernels
    self.precision = precision
    self.model = model
    self.spec = spec
    self.weights = weights
    self.prompt = prompt
    self.label = label
    self.labelName = labelName
    self.negativeLabel = negativeLabel
    self.seed = seed
    self.noise = noise
    self.start = start
    self.strength = strength
    self.sampler = sampler
    self.isSamplerChosen = isSamplerChosen
    self.steps = steps
    self.guidance = guidance
    self.cacheThreshold = cacheThreshold
    self.height = height
    self.width = width
    self.frames = frames
    self.scale = scale
    self.framesPerSecond = framesPerSecond
  }
}

extension RunRecipe {
  /// Where a safetensors file has it.
  package static let metadataKey = "ditharos"

  /// The text for a picture; nil where it is too long for one.
  package var pictureText: String? {
    let text = json
    return text.utf8.count <= PictureText.byteLimit ? text : nil
  }

  /// What is not as it was in a recipe that is repeated, as warnings.
  ///
  /// - Parameters:
  ///   - file: The file to repeat.
  ///   - ignoresWeights: Whether other weights were asked for.
  package func differences(
    from recipe: RunRecipe, file: String, ignoresWeights: Bool
  ) -> [Diagnostic] {
    var found: [Diagnostic] = []
    func compare(_ what: String, _ new: String?, _ old: String?, _ help: String) {
      guard new != old else { return }
      found.append(
        Diagnostic(
          DiffusionRules.recipeDiffers,
          "\(what) \(new ?? "none") here, and \(old ?? "none") in `\(file)`", help: help))
    }
    func text(_ digest: UInt64?) -> String? { digest.map { String($0, radix: 16) } }
    compare(
      "the program has the version", version, recipe.version,
      "the picture may differ; use that version for the same bytes")
    compare(
      "the kernels are", kernels, recipe.kernels,
      "the last digits differ; DITHAROS_ISA=\(recipe.kernels) gives the same bytes where the "
        + "processor has them")
    compare(
      "the spec has the checksum", text(spec.digest), text(recipe.spec.digest),
      "the picture may be another; name the spec that made it")
    if !ignoresWeights {
      compare(
        "the weights have the checksum", text(weights.digest), text(recipe.weights.digest),
        "the picture will be another; name the weights that made it")
    }
    if case .file(let own) = noise, case .file(let other) = recipe.noise, own.path == other.path {
      compare(
        "the noise has the checksum", text(own.digest), text(other.digest),
        "the picture will be another")
    }
    if let start, let other = recipe.start, start.path == other.path {
      compare(
        "the start has the checksum", text(start.digest), text(other.digest),
        "the picture will be another")
    }
    return found
  }
}

extension Tensor {
  /// The checksum of the elements.
  package var digest: UInt64 { values.withUnsafeBytes { xxh64($0) } }
}

extension String {
  /// The checksum of the text in UTF-8.
  package var digest: UInt64 { Array(utf8).withUnsafeBytes { xxh64($0) } }
}
