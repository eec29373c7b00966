import CKernels
import Kernels
import Planning
import Tensors

/// Measures a machine's profile.
package struct MachineMeasurement {
  /// How thorough a measurement is.
  package struct Effort: Sendable {
    /// The most that is measured over and over, in seconds.
    package var seconds: Double
    /// The most passes over all that is measured.
    package var passes: Int
    /// The bytes that stand for memory in no cache.
    package var memoryByteCount: Int
    /// The largest extent of a product.
    package var largestExtent: Int

    /// Some seconds, for a profile to predict with.
    package static var full: Effort {
      Effort(
        seconds: 8, passes: 5, memoryByteCount: min(512 << 20, MemoryBlock.machineByteCount / 4),
        largestExtent: 4096)
    }

    /// A fraction of a second, for tests of the machinery.
    package static var least: Effort {
      Effort(seconds: 0, passes: 1, memoryByteCount: 32 << 20, largestExtent: 256)
    }
  }

  private let samples: [ProbeSet.Sample]
  private let timer: KernelTimer
  private let row: KernelRow
  private let pool: ThreadPool
  private let effort: Effort

  /// A measurement; allocates what it needs.
  ///
  /// - Throws: `RuntimeError` when the machine has not that much memory.
  package init(row: KernelRow, pool: ThreadPool, effort: Effort = .full) throws {
    self.row = row
    self.pool = pool
    self.effort = effort
    let memory = try ProbeMemory(
      sourceByteCount: effort.memoryByteCount, resultByteCount: effort.memoryByteCount / 8)
    samples = ProbeSet(memory, largestExtent: effort.largestExtent).samples
    timer = try KernelTimer(samples.map(\.probe), memory, row: row, pool: pool)
  }

  /// Measures everything.
  ///
  /// Every number is the median of several, taken apart from one another, as the times of `bench`
  /// are: where neighbours share the processor, that is how fast it is. A difference of two times,
  /// which is small, is that of the best of each.
  ///
  /// - Parameter key: What the profile is to hold for.
  /// - Throws: `RuntimeError` where the clock shows no time.
  package func profile(_ key: MachineProfile.Key) throws -> MachineProfile {
    var samples = samples
    let start = ContinuousClock.now
    for pass in 0..<effort.passes
    where pass == 0 || (ContinuousClock.now - start) / .seconds(1) < effort.seconds {
      for index in samples.indices {
        let time = timer.time(samples[index].probe, seconds: 0.002, count: &samples[index].count)
        samples[index].times.append(time)
      }
    }
    var peaks: [Precision: Double] = [:]
    for precision in Precision.allCases {
      peaks[precision] = row.peakRate(precision, pool: pool)
    }
    guard let profile = MachineProfile(key: key, peaks: peaks, tables: tables(of: samples)) else {
      throw RuntimeError("the clock of this machine shows no time to measure with")
    }
    return profile
  }

  private func tables(of samples: [ProbeSet.Sample]) -> [MachineProfile.Table: SampledFunction] {
    var tables: [MachineProfile.Table: SampledFunction] = [:]
    for (table, points) in Dictionary(grouping: samples, by: \.table) {
      // Samples are in the order of the grid, so that each axis lists its coordinates in turn.
      let axes = (0..<table.axisCount).map { axis in
        Set(points.map { $0.point[axis] }).sorted().map(Double.init)
      }
      let values = points.map { sample in
        guard let baseline = sample.baseline else { return sample.median / sample.divisor }
        return max((sample.best - samples[baseline].best) / sample.divisor, 1e-15)
      }
      tables[table] = SampledFunction(axes: axes, values: values)
    }
    return tables
  }
}
