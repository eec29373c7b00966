import CKernels
import Kernels
import Tensors

/// A state's memory, written between steps without allocating.
package struct StateMemory {
  /// The number of elements.
  package let count: Int

  private let base: UnsafeMutablePointer<Float>
  private let owner: Executable
  private let pool: ThreadPool

  init(_ slot: TensorSlot, owner: Executable, pool: ThreadPool) {
    count = slot.type.shape.elementCount
    base = slot.base.assumingMemoryBound(to: Float.self)
    self.owner = owner
    self.pool = pool
  }

  /// Fills it with the same number.
  package func fill(_ value: Float) { base.update(repeating: value, count: count) }

  /// Fills it with the elements of a tensor from one on.
  ///
  /// - Precondition: The tensor has `count` elements from there on.
  package func copy(_ tensor: Tensor, from first: Int) {
    precondition(first >= 0 && first + count <= tensor.values.count)
    tensor.values.withUnsafeBufferPointer { values in
      if let source = values.baseAddress { base.update(from: source + first, count: count) }
    }
  }

  /// Fills one of several equal parts with standard normal numbers of a seed and a step, which do
  /// not depend on the number of threads: those of `philoxNormals`.
  ///
  /// - Precondition: The number of parts divides `count`.
  package func fillWithNormals(seed: UInt64, step: UInt64, part: Int, of parts: Int) {
    precondition(part >= 0 && part < parts && count % parts == 0)
    let size = count / parts
    var request = NormalsRequest(base: base + part * size, count: size, seed: seed, step: step)
    withUnsafeMutablePointer(to: &request) { pool.run(fillShareWithNormals, context: $0) }
  }
}

/// What the threads that make normal numbers share.
private struct NormalsRequest {
  var base: UnsafeMutablePointer<Float>
  var count: Int
  var seed: UInt64
  var step: UInt64
}

/// The elements of one block of random words.
private let blockSize = 4

/// Makes one thread's share of whole blocks.
private let fillShareWithNormals: dth_pool_body = { context, thread, threadCount in
  guard let request = context?.load(as: NormalsRequest.self) else { return }
  let blocks = (request.count + blockSize - 1) / blockSize
  let first = min(blocks * Int(thread) / Int(threadCount) * blockSize, request.count)
  let end = min(blocks * Int(thread + 1) / Int(threadCount) * blockSize, request.count)
  dth_philox_normal(
    request.seed, request.step, UInt64(first), request.base + first, Int64(end - first))
}
