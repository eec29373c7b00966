import Kernels

/// The order in which samples are seen: every one once per epoch, each epoch in an order of its own
/// that the seed decides.
struct SampleOrder {
  private let seed: UInt64
  private var order: [Int]
  private var numbers: [Float]
  private var epoch: Int?

  /// An order of a number of samples.
  init(count: Int, seed: UInt64) {
    self.seed = seed
    order = Array(0..<count)
    numbers = [Float](repeating: 0, count: count)
  }

  /// The sample at a position, counted from the start of the training.
  mutating func sample(at position: Int) -> Int {
    let count = order.count
    if epoch != position / count {
      epoch = position / count
      shuffle(position / count)
    }
    return order[position % count]
  }

  /// Fisher and Yates's shuffle of the samples in their own order.
  private mutating func shuffle(_ epoch: Int) {
    for index in order.indices { order[index] = index }
    numbers.withUnsafeMutableBufferPointer {
      fillWithUniforms($0, seed: seed, step: UInt64(epoch))
    }
    for index in order.indices.dropFirst().reversed() {
      order.swapAt(index, min(Int(Double(numbers[index]) * Double(index + 1)), index))
    }
  }
}
