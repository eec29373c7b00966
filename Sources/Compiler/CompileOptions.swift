import ModelSpec
import Schedules
import Tensors
import Transforms

/// Which steps skip the blocks after the first.
package enum StepSkipping: Sendable, Hashable {
  /// What the spec says.
  case spec
  /// None.
  case none
  /// Those in which the first block's residual has changed less than this share of it.
  case below(Double)
}

/// What a compilation chooses beyond the spec; another value is another plan.
package struct CompileOptions: Sendable {
  /// Samples made together.
  package var batch = 1
  /// The name of the sampler; nil takes the spec's.
  package var sampler: String?
  /// Steps of a whole run; nil takes the spec's.
  package var steps: Int?
  /// The guidance scale; nil takes the spec's.
  package var guidance: Double?
  /// The class that guidance leads away from; nil takes the null class.
  package var negativeLabel: Int?
  /// Whether a latent that is given is noised, rather than pictures or none.
  package var startsFromLatent = false
  /// How little the first block changes for a step to skip the others.
  package var skipping = StepSkipping.spec
  /// The share of the steps that is run, in `(0, 1]`.
  package var strength = 1.0
  /// Rows and columns: of pixels where the spec has pixels, else of the latent; nil takes the
  /// spec's.
  package var size: (height: Int, width: Int)?
  /// Frames: of pixels where the spec has pixels, else of the latent; nil takes the spec's.
  package var frames: Int?
  /// The element type of weights and of the operands of products and attention.
  package var precision = Precision.f32
  /// The passes that run, before those that the precision adds.
  package var passes = PassPipeline.all
  /// Whether every pass is followed by the verifier.
  package var isVerifying = false

  /// All passes that run, in order.
  package var pipeline: [Pass] { passes + PassPipeline.passes(for: precision) }

  /// The defaults.
  package init() {}
}
