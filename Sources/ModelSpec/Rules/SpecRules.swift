import Diagnostics

/// The rules of specs.
package enum SpecRules {
  private static func rule(
    _ id: String, _ summary: String, severity: Severity = .error
  ) -> Rule {
    Rule("spec.\(id)", severity: severity, kind: .spec, summary: summary)
  }

  // Form.
  package static let notASpec = rule(
    "not-a-spec", "A spec is a mapping that begins with `ditharos: 1`.")
  package static let unknownKey = rule("unknown-key", "Every key is one that its mapping has.")
  package static let missingKey = rule("missing-key", "Keys without a default are written.")
  package static let inapplicableKey = rule(
    "inapplicable-key", "A key stands only beside the kind that it belongs to.")
  package static let contradiction = rule(
    "contradiction", "Of keys that say the same thing one is written.")
  package static let type = rule("type", "A value is of the type that its key takes.")
  package static let scalar = rule(
    "scalar", "Numbers are plain decimal digits; only floats have a fraction or an exponent.")
  package static let range = rule("range", "A value is in the range of its key.")
  package static let choice = rule("choice", "A name is one that its key takes.")
  package static let text = rule("text", "A text is in the form that its key takes.")
  package static let shape = rule("shape", "Lists of a level are equally long.")
  package static let preset = rule("preset", "A preset is one that ships with the program.")
  package static let component = rule(
    "component", "A component's file is a spec in the spec's folder that holds the component.")

  // Denoiser.
  package static let latentMissing = rule(
    "latent-missing", "A denoiser has a latent, or an autoencoder and pictures to derive it from.")
  package static let latentMismatch = rule(
    "latent-mismatch", "The latent is the one that the autoencoder makes of the pictures.")
  package static let pixelsMissing = rule(
    "pixels-missing", "An autoencoder has pictures or videos to turn into latents.")
  package static let patchAxes = rule(
    "patch-axes", "Patches have as many axes as what they are taken from.")
  package static let patchDivides = rule(
    "patch-divides", "A patch divides what it is taken from along every axis.")
  package static let axisOrder = rule(
    "axis-order", "An order names each axis in use once.")
  package static let headsDivideWidth = rule(
    "heads-divide-width", "The number of heads divides the width of a token.")
  package static let givenMapHeads = rule(
    "given-map-heads", "Attention with a given map has one head.")
  package static let positionWidth = rule(
    "position-width", "The width of a token divides into the parts of the position table.")
  package static let positionAxes = rule(
    "position-axes", "Positions in three dimensions need frames.")
  package static let embeddingWidth = rule(
    "embedding-width", "Without a patch embedding a patch is as wide as a token.")
  package static let finalWidth = rule(
    "final-width", "Without a final layer a token is as wide as a patch of the prediction.")
  package static let outChannels = rule(
    "out-channels", "The prediction has the latent's channels, twice as many with a variance.")
  package static let unusedChannels = rule(
    "unused-channels", "Every channel of the prediction is used.", severity: .warning)
  package static let sublayerName = rule(
    "sublayer-name", "Sublayers of a block have different names, none of a layer beside them.")

  // Conditioning.
  package static let chunkOrder = rule(
    "chunk-order", "An order names each chunk of its form once.")
  package static let modulationWithoutCondition = rule(
    "modulation-without-condition", "What is modulated is modulated by a condition.")
  package static let unusedCondition = rule(
    "unused-condition", "A condition acts on something.", severity: .warning)
  package static let unusedModulation = rule(
    "unused-modulation", "A modulation acts on a sublayer or the final layer.",
    severity: .warning)
  package static let binaryBits = rule(
    "binary-bits", "The binary digits hold the greatest timestep.")
  package static let sumOfDigits = rule(
    "sum-of-digits", "What is summed is as wide as a token.")
  package static let perBlockEmbedders = rule(
    "per-block-embedders", "Embedders per block are summed.")
  package static let sinusoidWidth = rule(
    "sinusoid-width", "A sinusoid has an even width.")
  package static let vocabulary = rule(
    "vocabulary", "A vocabulary holds lower-case words, each once.")
  package static let wordWidth = rule(
    "word-width", "The vectors of a vocabulary are equally wide.")

  // Diffusion.
  package static let steps = rule(
    "steps", "A run has no more steps than the sampler has timesteps.")
  package static let betas = rule("betas", "Betas do not fall.")
  package static let guidance = rule(
    "guidance", "Guidance needs a condition that training drops at times.")
  package static let pixelRange = rule(
    "pixel-range", "The brightest pixel has a greater value than the darkest.")

  // Values.
  package static let exampleShape = rule(
    "example-shape", "An example's values have the shape of the model's inputs.")
  package static let exampleContradiction = rule(
    "example-contradiction", "An example gives only what the model takes.")
  package static let unknownParameter = rule(
    "unknown-parameter", "A parameter is one of the model's.")
  package static let parameterShape = rule(
    "parameter-shape", "A parameter has the shape that the model gives it.")

  // Ceilings.
  package static let parameterCeiling = rule(
    "parameter-ceiling", "A model has at most 10^11 parameters.")
  package static let graphCeiling = rule(
    "graph-ceiling", "A model's graph has at most a million nodes.")
  package static let tokenCeiling = rule(
    "token-ceiling", "A latent has at most 1,048,576 tokens.")
  package static let elementCeiling = rule(
    "element-ceiling", "A picture, a video and a latent have at most 2^30 values.")

  /// All of them.
  package static let all = [
    notASpec, unknownKey, missingKey, inapplicableKey, contradiction, type, scalar, range, choice,
    text, shape, preset, component, latentMissing, latentMismatch, pixelsMissing, patchAxes,
    patchDivides, axisOrder, headsDivideWidth, givenMapHeads, positionWidth, positionAxes,
    embeddingWidth, finalWidth, outChannels, unusedChannels, sublayerName, chunkOrder,
    modulationWithoutCondition, unusedCondition, unusedModulation, binaryBits, sumOfDigits,
    perBlockEmbedders, sinusoidWidth, vocabulary, wordWidth, steps, betas, guidance, pixelRange,
    exampleShape, exampleContradiction, unknownParameter, parameterShape, parameterCeiling,
    graphCeiling, tokenCeiling, elementCeiling,
  ]
}
