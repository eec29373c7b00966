import CMallocCounter
import Diagnostics
import Diffusion
import Foundation
import Kernels
import ModelSpec
import Tensors
import Testing
import Training
import Weights

@Suite(.serialized) struct TrainerTests {
  private func folder(_ name: String) throws -> String {
    let path = NSTemporaryDirectory() + "ditharos-training-\(name)-\(getpid())"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  @Test func `any number of threads gives the same bytes`() throws {
    var results: [[[UInt32]]] = []
    for threads in [1, 2, 3, 5] {
      let trainer = try TrainingSamples.flowTrainer(threads: threads)
      for _ in 0..<5 { _ = try trainer.takeStep() }
      results.append(TrainingSamples.bits(trainer))
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test func `a training that is continued is bit for bit the one that never stopped`() throws {
    let folder = try folder("resume")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try TrainingSamples.flowTrainer(threads: 2)
    var losses: [Double] = []
    for _ in 0..<7 { losses.append(try whole.takeStep().loss) }

    let first = try TrainingSamples.flowTrainer(threads: 2)
    for _ in 0..<3 { _ = try first.takeStep() }
    let path = try first.writeCheckpoint(in: folder)
    #expect(path == folder + "/step-3")
    let second = try TrainingSamples.flowTrainer(threads: 1)
    try second.readCheckpoint(path)
    #expect(second.step == 3)
    for step in 3..<7 { #expect(try second.takeStep().loss == losses[step]) }
    #expect(TrainingSamples.bits(second) == TrainingSamples.bits(whole))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["step-3"])
  }

  @Test func `a checkpoint of another training is refused, and one that is there is kept`() throws {
    let folder = try folder("other")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let trainer = try TrainingSamples.flowTrainer()
    let path = try trainer.writeCheckpoint(in: folder)
    #expect(rule { try trainer.writeCheckpoint(in: folder) } == "training.write")
    let seeded = try TrainingSamples.flowTrainer(seed: 8)
    #expect(rule { try seeded.readCheckpoint(path) } == "training.checkpoint")
    let wider = try TrainingSamples.flowTrainer { $0.replacing("clip: 1", with: "clip: 2") }
    #expect(rule { try wider.readCheckpoint(path) } == "training.checkpoint")
    try FileManager.default.removeItem(atPath: path + "/optimizer.safetensors")
    #expect(rule { try trainer.readCheckpoint(path) } == "weights.file")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["step-0"])
  }

  private func rule<Result>(_ body: () throws -> Result) -> String? {
    do {
      _ = try body()
      return nil
    } catch {
      return (error as? DiagnosticsError)?.diagnostics.first?.rule.id
    }
  }

  @Test func `the weights of a checkpoint are those of a model`() throws {
    let folder = try folder("weights")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let trainer = try TrainingSamples.flowTrainer()
    _ = try trainer.takeStep()
    let path = try trainer.writeCheckpoint(in: folder)
    for file in ["weights", "average"] {
      let source = try trainer.spec.openParameters("\(path)/\(file).safetensors", folder: ".")
      for name in trainer.parameterNames {
        let expected = file == "weights" ? trainer.parameter(name) : trainer.average(name)
        #expect(source.withValues(of: name) { Array($0) } == expected?.values)
      }
    }
  }

  @Test func `a tiny model learns four samples by heart`() throws {
    let trainer = try TrainingSamples.flowTrainer {
      $0.replacing("dropout: 0.1", with: "dropout: 0")
    }
    var losses: [Double] = []
    for _ in 0..<300 { losses.append(try trainer.takeStep().loss) }
    let first = losses.prefix(20).reduce(0, +) / 20
    let last = losses.suffix(20).reduce(0, +) / 20
    #expect(last < first / 4, "from \(first) to \(last)")
  }

  @Test func `a text encoder learns with the model, and tells samples apart`() throws {
    let trainer = try TrainingSamples.flowTrainer {
      TrainingSamples.withTextEncoder($0).replacing("dropout: 0.1", with: "dropout: 0")
    }
    let table = try #require(trainer.parameter("text_encoder.words.weight"))
    var losses: [Double] = []
    for _ in 0..<300 { losses.append(try trainer.takeStep().loss) }
    let first = losses.prefix(20).reduce(0, +) / 20
    let last = losses.suffix(20).reduce(0, +) / 20
    #expect(last < first / 4, "from \(first) to \(last)")
    #expect(trainer.parameter("text_encoder.words.weight") != table)
  }

  @Test func `a text encoder starts small, and cross-attention as the identity`() throws {
    let trainer = try TrainingSamples.flowTrainer(change: TrainingSamples.withTextEncoder)
    func values(_ name: String) throws -> [Float] { try #require(trainer.parameter(name)).values }
    for part in ["weight", "bias"] {
      #expect(try values("blocks.1.cross_attention.projection.\(part)").allSatisfy { $0 == 0 })
    }
    let words = try values("text_encoder.words.weight")
    #expect(words.count == 4 * 8)
    let deviation = (words.reduce(0) { $0 + $1 * $1 } / Float(words.count)).squareRoot()
    #expect((0.012..<0.03).contains(deviation))
    let bound = (6 / Float(8 + 16)).squareRoot()
    let keys = try values("blocks.0.cross_attention.key.weight")
    #expect(keys.allSatisfy { abs($0) <= bound } && keys.contains { abs($0) > bound / 2 })
  }

  @Test(arguments: [false, true], Precision.allCases)
  func `a step allocates nothing`(hasTextEncoder: Bool, precision: Precision) throws {
    let trainer = try TrainingSamples.flowTrainer(
      threads: 2, precision: precision,
      change: hasTextEncoder ? TrainingSamples.withTextEncoder : { $0 })
    for _ in 0..<2 { _ = try trainer.takeStep() }
    var fewest = Int64.max
    for _ in 0..<malloc_counter_attempts where fewest > 0 {
      malloc_counter_start()
      _ = try trainer.takeStep()
      fewest = min(fewest, malloc_counter_stop().calls)
    }
    #expect(fewest == 0)
  }

  @Test func `a step that is not finite is not taken, and names the first tensor`() throws {
    let trainer = try TrainingSamples.flowTrainer {
      $0.replacing("learning_rate: 0.02", with: "learning_rate: 1000")
        .replacing("kind: adamw", with: "kind: sgd").replacing("  clip: 1\n", with: "")
    }
    var message: String?
    for _ in 0..<50 where message == nil {
      let before = TrainingSamples.bits(trainer)
      do {
        _ = try trainer.takeStep()
      } catch {
        #expect(error.diagnostics[0].rule == TrainingRules.notFinite)
        message = error.diagnostics[0].message
        #expect(TrainingSamples.bits(trainer) == before)
      }
    }
    #expect(try #require(message).contains("the first tensor affected is `"))
  }

  @Test func `a new model starts as DiT does`() throws {
    let trainer = try TrainingSamples.flowTrainer()
    func values(_ name: String) throws -> [Float] {
      try #require(trainer.parameter(name), "\(name)").values
    }
    for name in ["blocks.0.modulation", "final_layer.modulation", "final_layer"] {
      #expect(try values("\(name).weight").allSatisfy { $0 == 0 })
    }
    for name in trainer.parameterNames where name.hasSuffix(".bias") {
      #expect(try values(name).allSatisfy { $0 == 0 })
    }
    let query = try values("blocks.1.attention.query.weight")
    let bound = Float((6.0 / 64).squareRoot())
    #expect(query.allSatisfy { abs($0) <= bound } && query.contains { abs($0) > bound * 0.9 })
    let hidden = try values("conditioning.timestep.output.weight")
    let deviation = (hidden.reduce(0) { $0 + $1 * $1 } / Float(hidden.count)).squareRoot()
    #expect(abs(deviation - 0.02) < 0.003)
  }

  @Test func `the learning rate rises evenly and falls by half a cosine`() {
    var training = TrainingSpec(learningRate: 2)
    training.steps = 110
    training.schedule = TrainingSpec.RateSchedule(kind: .cosine, warmup: 10)
    #expect(training.learningRate(at: 0) == 0.2)
    #expect(training.learningRate(at: 9) == 2)
    #expect(training.learningRate(at: 10) == 2)
    #expect(abs(training.learningRate(at: 60) - 1) < 1e-12)
    #expect(training.learningRate(at: 110) < 1e-12)
  }

  @Test func `samples must fit the model`() throws {
    let loaded = try TrainingSamples.picture("{optimizer: {learning_rate: 0.1}}")
    let latents = Tensor([2, 3, 4, 6], [Float](repeating: 0, count: 144))
    #expect(
      rule { try LatentSamples(latents, labels: [1], for: loaded.spec) } == "training.samples")
    #expect(
      rule { try LatentSamples(latents, labels: [1, 5], for: loaded.spec) } == "training.samples")
    #expect(
      rule {
        try LatentSamples(
          Tensor([1, 3, 6, 4], [Float](repeating: 0, count: 72)), labels: [0], for: loaded.spec)
      } == "training.samples")
  }
}
