import Compiler
import Diagnostics
import Diffusion
import Glibc
import Lowering
import ModelSpec
import Planning
import Runtime
import Tensors

/// The graphs of a training bound to memory, and the states that they share.
final class TrainingPrograms {
  /// The parameters that change.
  let parameters: [ParameterDeclaration]
  /// Parameters, gradients, moments and averages.
  let states: SharedStates
  /// The bytes of everything that the plans state, states included.
  let byteCount: Int

  private let gradients: Executable
  private let squares: Executable
  private let update: Executable
  private let noise: StateMemory?
  private let optimizer: TrainingSpec.Optimizer
  private let isSum: Bool
  /// The names of the gradients' states.
  private let gradientNames: [String]
  /// The inputs of the update, each one number.
  private var scalars: [(name: String, tensor: Tensor)]
  private var isPrepared = false

  /// Binds the graphs.
  ///
  /// - Throws: Rule `run.memory`, and what reading weights throws.
  init(
    _ training: CompiledTraining, _ spec: TrainingSpec, engine: Engine
  ) throws(DiagnosticsError) {
    parameters = training.parameters
    optimizer = spec.optimizer
    isSum = spec.accumulate > 1
    gradientNames = parameters.map { TrainingState.gradient($0.name) }
    scalars = ["gradient_scale", "rate"].map { ($0, Tensor([], [0])) }
    if case .adamW = spec.optimizer {
      scalars += ["deviation_scale", "decay"].map { ($0, Tensor([], [0])) }
    }
    do {
      states = try SharedStates(training.states)
    } catch {
      throw DiagnosticsError(Diagnostic(DiffusionRules.memory, "\(error)"))
    }
    gradients = try engine.executable(training.gradients, sharing: states)
    squares = try engine.executable(training.squares, sharing: states)
    update = try engine.executable(training.update, sharing: states)
    do {
      noise = training.stage == .denoiser ? try gradients.stateMemory("noise") : nil
    } catch {
      throw DiagnosticsError(Diagnostic(CompileRules.brokenGraph, "\(error)"))
    }
    byteCount =
      states.byteCount
      + [gradients, squares, update].reduce(0) {
        $0 + $1.arenaByteCount + $1.scratchByteCount + $1.interfaceByteCount
      }
  }

  /// Draws the noise of a batch, where it has some.
  func drawNoise(seed: UInt64, step: UInt64) {
    noise?.fillWithNormals(seed: seed, step: step, part: 0, of: 1)
  }

  /// Sets the noise of a batch.
  ///
  /// - Precondition: It has the shape of the batch's latents.
  func setNoise(_ tensor: Tensor) { noise?.copy(tensor, from: 0) }

  /// Begins the sums of a step's gradients.
  func clearGradients() {
    guard isSum else { return }
    for name in gradientNames {
      _ = states.withElements(of: name) { $0.update(repeating: 0) }
    }
  }

  /// Computes the loss of a batch, and adds its gradients.
  ///
  /// - Throws: `RuntimeError` when the batch does not fit the graph.
  func accumulate(_ batches: TrainingBatches) throws -> Float {
    try batches.forEachInput { try gradients.set($0, $1) }
    if !isPrepared {
      // The graph is one stage; what `prepare` checks stays true.
      try gradients.prepare()
      isPrepared = true
    }
    gradients.step(0)
    return gradients.withElements(of: "loss") { $0[0] } ?? .nan
  }

  /// Computes the norm of all gradients together, each times a factor.
  func gradientNorm(scale: Double) -> Double {
    squares.step(0)
    let sum = squares.withElements(of: "squares") { $0.reduce(0.0) { $0 + Double($1) } } ?? .nan
    return sum.squareRoot() * scale
  }

  /// The first tensor that holds a number which is not finite: parameters before gradients, each
  /// in the order of the forward pass.
  func firstBadTensor() -> String? {
    (parameters.map(\.name) + gradientNames).first { name in
      states.withElements(of: name) { $0.contains { !$0.isFinite } } ?? false
    }
  }

  /// The gradient that holds the number of largest magnitude.
  func largestGradient() -> String? {
    gradientNames.max { left, right in magnitude(left) < magnitude(right) }
  }

  private func magnitude(_ name: String) -> Float {
    states.withElements(of: name) { $0.reduce(0) { max($0, abs($1)) } } ?? 0
  }

  /// Takes one step of the optimiser.
  ///
  /// - Parameters:
  ///   - step: How many steps were taken before.
  ///   - rate: The learning rate.
  ///   - gradientScale: What every gradient is multiplied by.
  /// - Throws: `RuntimeError` for a fault of the program.
  func update(step: Int, rate: Double, gradientScale: Double) throws {
    scalars[0].tensor.values[0] = Float(gradientScale)
    scalars[1].tensor.values[0] = Float(rate)
    if case .adamW(let settings) = optimizer {
      let count = Double(step + 1)
      let firstCorrection = 1 - pow(settings.firstBeta, count)
      let secondCorrection = 1 - pow(settings.secondBeta, count)
      scalars[1].tensor.values[0] = Float(rate / firstCorrection)
      scalars[2].tensor.values[0] = Float(1 / secondCorrection.squareRoot())
      scalars[3].tensor.values[0] = Float(1 - rate * settings.weightDecay)
    }
    for scalar in scalars { try update.set(scalar.name, scalar.tensor) }
    update.step(0)
  }

  /// Measures every instruction from here on.
  ///
  /// - Throws: `RuntimeError` when there is no memory for the measurements.
  func startTiming() throws {
    for program in [gradients, squares, update] { try program.startTiming() }
  }

  /// The times measured since `startTiming`, of all graphs together.
  ///
  /// - Throws: `RuntimeError` when a node exceeds what the kernels can address.
  func times() throws -> GraphTimes {
    // Each graph is one stage.
    let stages = try [gradients, squares, update].flatMap { try $0.stageTimes() }
    var whole = stages.prefix(1)
    for index in whole.indices {
      whole[index].seconds = stages.reduce(0) { $0 + $1.seconds }
      whole[index].calls = stages.flatMap(\.calls)
    }
    return GraphTimes(
      graph: "training",
      loadSeconds: gradients.loadSeconds + squares.loadSeconds
        + update.loadSeconds, stages: Array(whole))
  }
}
