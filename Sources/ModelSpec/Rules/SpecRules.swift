import Diagnostics

/// The rules of specs, each in a file of its own with its check, where it has one of its own; the
/// checker of the grammar reports those of form.
package enum SpecRules {
  static func rule(
    _ id: String, _ summary: String, severity: Severity = .error, explanation: String,
    failing: String, fixed: String
  ) -> Rule {
    Rule(
      "spec.\(id)", severity: severity, kind: .spec, summary: summary, explanation: explanation,
      failing: failing, fixed: fixed)
  }

  /// All of them.
  package static let all = [
    notASpec, languageVersion, unknownKey, missingKey, inapplicableKey, contradiction, type,
    scalar, range, choice, text, shape, preset, component, weightsFile, latentMissing,
    latentMismatch, pixelsMissing, normGroups, autoencoderLevels, tileSize, patchAxes, patchDivides,
    axisOrder, headsDivideWidth,
    givenMapHeads, positionWidth, positionAxes, embeddingWidth, finalWidth, outChannels,
    unusedChannels, sublayerName, chunkOrder, modulationWithoutCondition, unusedCondition,
    unusedModulation, skipFit, binaryBits, sumOfDigits, perBlockEmbedders, sinusoidWidth, className,
    vocabulary, textEncoderMissing, unusedTextEncoder, wordWidth, sampler, varianceType, steps,
    betas, signalLeft, dynamicShift, guidance,
    guidanceChannels, cache, trainingFit, warmup, nothingLearnable, pixelRange, exampleShape,
    exampleContradiction, examplePrompt, unknownParameter, parameterShape, parameterCeiling,
    graphCeiling, tokenCeiling, elementCeiling, unusedIgnore, unknownRule,
  ]
}
