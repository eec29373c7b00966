import Diffusion
import Foundation
import ModelSpec
import Tensors
import Testing
import Training

/// Trainings that multiply matrices in `bf16` and keep everything else in `f32`.
@Suite(.serialized) struct BF16TrainingTests {
  private func temporaryFolder(_ name: String) throws -> String {
    let path = NSTemporaryDirectory() + "ditharos-bf16-\(name)-\(getpid())"
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  private func withoutDropout(_ flow: String) -> String {
    flow.replacing("dropout: 0.1", with: "dropout: 0")
  }

  /// The norm of the difference of two tensors over that of the second.
  private func distance(_ actual: Tensor?, _ expected: Tensor?) throws -> Double {
    let (actual, expected) = (try #require(actual).values, try #require(expected).values)
    let squares = zip(actual, expected).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return (squares / expected.reduce(1e-30) { $0 + pow(Double($1), 2) }).squareRoot()
  }

  // Rounding moves an operand by 2^-9 of itself at most, and by 2^-9 / √3 in the mean. Between a
  // parameter and the loss, and back, lie some twenty products of two rounded operands each whose
  // errors are independent: √40 · 2^-9 / √3 is 7e-3 of a gradient. Where its summands partly cancel, as
  // within the attention of the text encoder, the share is larger.
  @Test(arguments: [false, true])
  func `gradients are those of f32 but for the rounding of bf16`(hasTextEncoder: Bool) throws {
    let folder = try temporaryFolder("gradients")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let change: (String) -> String = {
      withoutDropout(hasTextEncoder ? TrainingSamples.withTextEncoder($0) : $0)
    }
    // A new DiT has gates of zero, which hide most parameters from the loss.
    let wide = try TrainingSamples.flowTrainer(change: change)
    for _ in 0..<20 { _ = try wide.takeStep() }
    let path = try wide.writeCheckpoint(in: folder)
    let short = try TrainingSamples.flowTrainer(precision: .bf16, change: change)
    try short.readCheckpoint(path)
    let (expected, actual) = (try wide.takeStep(), try short.takeStep())
    #expect(abs(actual.loss - expected.loss) < 1e-2 * expected.loss)
    #expect(actual.loss != expected.loss)
    // The gradient of a key's bias is zero: softmax does not see what all keys share.
    for name in wide.parameterNames where !name.hasSuffix("key.bias") {
      let error = try distance(short.gradient(name), wide.gradient(name))
      #expect(error < 3e-2, "\(name)")
    }
  }

  @Test func `a tiny model learns four samples by heart as in f32`() throws {
    func last(_ precision: Precision) throws -> (first: Double, last: Double) {
      let trainer = try TrainingSamples.flowTrainer(precision: precision, change: withoutDropout)
      var losses: [Double] = []
      for _ in 0..<300 { losses.append(try trainer.takeStep().loss) }
      return (losses.prefix(20).reduce(0, +) / 20, losses.suffix(20).reduce(0, +) / 20)
    }
    let (short, wide) = (try last(.bf16), try last(.f32))
    #expect(short.last < short.first / 4)
    #expect(abs(short.last - wide.last) < 0.25 * wide.last, "\(short.last), \(wide.last)")
  }

  @Test func `any number of threads gives the same bytes`() throws {
    var results: [[[UInt32]]] = []
    for threads in [1, 2, 3] {
      let trainer = try TrainingSamples.flowTrainer(
        threads: threads, precision: .bf16, change: TrainingSamples.withTextEncoder)
      for _ in 0..<5 { _ = try trainer.takeStep() }
      results.append(TrainingSamples.bits(trainer))
    }
    for result in results.dropFirst() { #expect(result == results[0]) }
  }

  @Test func `either precision continues a training of the other`() throws {
    let folder = try temporaryFolder("resume")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let wide = try TrainingSamples.flowTrainer()
    for _ in 0..<3 { _ = try wide.takeStep() }
    let first = try wide.writeCheckpoint(in: folder)
    #expect(try CheckpointProgress(first).precision == .f32)

    let short = try TrainingSamples.flowTrainer(precision: .bf16)
    try short.readCheckpoint(first)
    #expect(TrainingSamples.bits(short) == TrainingSamples.bits(wide))
    for _ in 0..<2 {
      let (actual, expected) = (try short.takeStep(), try wide.takeStep())
      #expect(abs(actual.loss - expected.loss) < 2e-2 * expected.loss)
    }
    let second = try short.writeCheckpoint(in: folder)
    #expect(try CheckpointProgress(second).precision == .bf16)
    let again = try TrainingSamples.flowTrainer()
    try again.readCheckpoint(second)
    #expect(again.step == 5 && TrainingSamples.bits(again) == TrainingSamples.bits(short))
    #expect(try again.takeStep().loss.isFinite)
  }
}
