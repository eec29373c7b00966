import Compiler
import Diagnostics
import Kernels
import ModelSpec
import Planning
import Runtime
import Schedules
import Tensors

/// Times a model: its forward passes and the steps of a run.
package struct Benchmark {
  /// How a measurement is repeated.
  package struct Repetition: Sendable {
    /// The number of runs; nil takes as many as fit in `seconds`, at least `fewest`.
    package var runs: Int?
    /// About how long to measure where no number is given.
    package var seconds = 3.0
    /// The fewest runs where no number is given.
    package var fewest = 1
    /// The most runs where no number is given.
    package var most = 100

    /// A repetition.
    package init(runs: Int?) { self.runs = runs }
  }

  /// What was measured of one graph.
  package struct Measurement: Sendable {
    /// The times of single passes, in seconds, in the order taken.
    package var seconds: [Double]
    /// The runs that they are of: as many passes, or each as many passes as a run has steps.
    package var runs: Int
    /// The share of the threads' time that the process had; below 1 where others took theirs.
    package var processorShare: Double
    /// Where the time goes, from further runs that time each call.
    package var times: GraphTimes

    /// What the calls of one pass do.
    package var works: [KernelWork] { times.stages.last?.calls.map(\.work) ?? [] }

    /// Multiply-accumulates of linear layers, products and attention that one pass executes.
    package var multiplyAccumulates: Int { works.reduce(0) { $0 + $1.multiplyAccumulates } }
  }

  private let compiler: ModelCompiler
  private let engine: Engine

  /// The steps of a run unless another number is asked for.
  package static let stepCount = 20

  /// A benchmark of a compiler's model.
  ///
  /// - Parameter engine: Made for the model's parameters.
  package init(_ compiler: ModelCompiler, engine: Engine) {
    self.compiler = compiler
    self.engine = engine
  }

  /// Times forward passes of the denoiser: one timestep, conditioning included, every value
  /// computed anew; for a spec without one, the decoder of its autoencoder, which takes one picture
  /// or one tile at a time.
  ///
  /// - Precondition: There is one of the two.
  /// - Throws: Rule `run.memory`, and what compiling throws.
  package func forward(_ repetition: Repetition) throws(DiagnosticsError) -> Measurement {
    let entry = compiler.spec.denoiser == nil ? "decode" : "prediction"
    guard let graph = try compiler.entry(entry) else {
      preconditionFailure("a model that is measured has a denoiser or an autoencoder")
    }
    let executable = try engine.executable(graph)
    return try checked(DiffusionRules.memory) {
      try setInputs(of: executable)
      try executable.run()
      var measurement = try repetition.measure(on: engine.pool) {
        let start = ContinuousClock.now
        try executable.run()
        return [(ContinuousClock.now - start) / .seconds(1)]
      }
      try executable.startTiming()
      for _ in 0..<measurement.detailedRuns { try executable.run() }
      measurement.times = try executable.times(of: graph.name)
      return measurement
    }
  }

  /// Times the steps of runs of the sampler, after a few that warm up.
  ///
  /// - Throws: Rule `run.memory`, and what compiling throws.
  package func steps(_ repetition: Repetition) throws(DiagnosticsError) -> Measurement {
    let model = try compiler.sampling()
    let stepCount = model.trajectory.timesteps.count
    let executable = try engine.executable(model.step)
    return try checked(DiffusionRules.memory) {
      try setInputs(of: executable)
      func start() throws {
        for state in NamedTensors(executable.staged).states {
          try executable.setState(state.name, filling(state.type))
        }
        try executable.prepare()
      }
      try start()
      for index in 0..<min(2, stepCount) { executable.step(index) }
      var measurement = try repetition.measure(on: engine.pool) {
        try start()
        return (0..<stepCount).map { index in
          let start = ContinuousClock.now
          executable.step(index)
          return (ContinuousClock.now - start) / .seconds(1)
        }
      }
      try executable.startTiming()
      try start()
      for index in 0..<measurement.detailedRuns { executable.step(index % stepCount) }
      measurement.times = try executable.times(of: model.step.name)
      return measurement
    }
  }

  /// Sets every input: ids to 0, which every table has, numbers to normal ones.
  ///
  /// No kernel's time depends on their values.
  private func setInputs(of executable: Executable) throws {
    for input in NamedTensors(executable.staged).inputs {
      try executable.set(input.name, filling(input.type))
    }
  }

  private func filling(_ type: TensorType) -> Tensor {
    let count = type.shape.elementCount
    return Tensor(
      type,
      type.dtype == .i32
        ? [Float](repeating: 0, count: count) : philoxNormals(seed: 0, step: 0, count: count))
  }
}

extension Benchmark.Repetition {
  /// Repeats runs, each giving the times of its passes in seconds.
  package func measure(
    on pool: ThreadPool, _ run: () throws -> [Double]
  ) rethrows -> Benchmark.Measurement {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    let use = ProcessorUse()
    var (count, times) = (0, [Double]())
    let isEnough = {
      if let runs { return count >= runs }
      return count >= most || (count >= fewest && clock.now >= deadline)
    }
    while !isEnough() {
      times += try run()
      count += 1
    }
    return Benchmark.Measurement(
      seconds: times, runs: count, processorShare: use.share(threadCount: pool.threadCount),
      times: GraphTimes(graph: "", loadSeconds: 0, stages: []))
  }
}

extension Benchmark.Measurement {
  /// The passes that are timed call by call: about a second's.
  package var detailedRuns: Int {
    Int(min(max(1 / max(seconds.median ?? 0, 1e-9), 2), 20))
  }
}

extension [Double] {
  /// The value in the middle of the sorted ones, or the mean of the two there; nil where there is
  /// none.
  package var median: Double? {
    if isEmpty { return nil }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}
