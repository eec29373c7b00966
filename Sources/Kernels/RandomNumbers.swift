import CKernels

/// Standard normal numbers of a seed and a step, element by element the same on every machine.
///
/// Element `i` depends on the seed, the step and `first + i` alone (Philox4x32-10, Salmon et al.,
/// SC 2011; Box and Muller).
package func philoxNormals(seed: UInt64, step: UInt64, first: Int = 0, count: Int) -> [Float] {
  [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    dth_philox_normal(seed, step, UInt64(first), buffer.baseAddress, Int64(count))
    initialized = count
  }
}

/// Uniform numbers in [0, 1) of a seed and a step; see `philoxNormals`.
package func philoxUniforms(seed: UInt64, step: UInt64, first: Int = 0, count: Int) -> [Float] {
  [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
    dth_philox_uniform(seed, step, UInt64(first), buffer.baseAddress, Int64(count))
    initialized = count
  }
}

/// Fills a buffer with the uniform numbers of `philoxUniforms`, without allocating.
package func fillWithUniforms(
  _ buffer: UnsafeMutableBufferPointer<Float>, seed: UInt64, step: UInt64, first: Int = 0
) {
  dth_philox_uniform(seed, step, UInt64(first), buffer.baseAddress, Int64(buffer.count))
}

/// Fills a buffer with the normal numbers of `philoxNormals`, without allocating.
package func fillWithNormals(
  _ buffer: UnsafeMutableBufferPointer<Float>, seed: UInt64, step: UInt64, first: Int = 0
) {
  dth_philox_normal(seed, step, UInt64(first), buffer.baseAddress, Int64(buffer.count))
}
