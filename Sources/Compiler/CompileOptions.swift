import ModelSpec
import Schedules
import Tensors
import Transforms

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
