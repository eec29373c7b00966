import Runtime
import Tensors
import Testing

/// The arithmetic of predictions, on a machine whose every time is known.
@Suite struct PredictionTests {
  /// A profile of constants: a millisecond for every table but those given.
  private func profile(
    _ given: [MachineProfile.Table: SampledFunction?] = [:]
  ) throws -> MachineProfile {
    var tables: [MachineProfile.Table: SampledFunction] = [:]
    for table in MachineProfile.Table.all {
      let axes = [[Double]](repeating: [1, 1_048_576], count: table.axisCount)
      tables[table] = SampledFunction(
        axes: axes, values: [Double](repeating: 1e-3, count: 1 << table.axisCount))
    }
    for (table, function) in given { tables[table] = function }
    return try #require(
      MachineProfile(
        key: MachineProfile.Key(processor: "p", kernels: "k", threads: 2, version: "1"),
        peaks: [.f32: 1e9, .bf16: 2e9], tables: tables))
  }

  private func constant(_ value: Double) -> SampledFunction? {
    SampledFunction(axes: [], values: [value])
  }

  private func isClose(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) <= 1e-9 * expected
  }

  @Test func callsFollowOneAnother() throws {
    let norm = KernelWork.norm(rows: 10, width: 20)
    let profile = try profile()
    #expect(isClose(profile.seconds(for: [norm]), 1e-3))
    #expect(isClose(profile.seconds(for: [norm, norm, .softmax(rows: 1, width: 1)]), 3e-3))
    #expect(profile.seconds(for: []) == 0)
  }

  @Test func aProductTakesLongerTheFurtherItsWeightIs() throws {
    // A byte takes 1 up to a megabyte and 4 from 16 megabytes on.
    let read = SampledFunction(
      axes: [[1_048_576, 16_777_216]], values: [1e-9, 4e-9])
    let far = SampledFunction(
      axes: [[1, 1_048_576], [1, 1_048_576], [1, 1_048_576]],
      values: [Double](repeating: 3e-3, count: 8))
    let profile = try profile([.read: read, .linearFromMemory(.f32): far])
    func seconds(_ count: Int, n: Int = 64) -> Double {
      let works = [KernelWork](
        repeating: .linear(KernelWork.Linear(m: 4, n: n, k: 64)), count: count)
      return profile.seconds(for: works) / Double(count)
    }
    // 16 KiB of weights, then 4 MiB, half way by the logarithm, then 64 MiB.
    #expect(isClose(seconds(1), 1e-3))
    #expect(isClose(seconds(256), 1e-3 + 2e-3 * (2 - 1) / (4 - 1)))
    #expect(isClose(seconds(4096), 3e-3))
  }

  @Test func anEpilogueCostsByElement() throws {
    let profile = try profile([
      .activation(.geluTanh, .f32): constant(1e-6), .epilogueOperand(.f32): constant(1e-7),
      .patches(.f32): constant(1e-8),
    ])
    var linear = KernelWork.Linear(m: 10, n: 20, k: 30)
    #expect(isClose(profile.seconds(for: [.linear(linear)]), 1e-3))
    linear.activation = .geluTanh
    #expect(isClose(profile.seconds(for: [.linear(linear)]), 1e-3 + 200e-6))
    linear.epilogueOperandCount = 2
    #expect(isClose(profile.seconds(for: [.linear(linear)]), 1e-3 + 200e-6 + 400e-7))
    linear.readsPatches = true
    #expect(isClose(profile.seconds(for: [.linear(linear)]), 1e-3 + 200e-6 + 400e-7 + 300e-8))
  }

  @Test func precisionsHaveTablesOfTheirOwn() throws {
    let axis: [Double] = [1, 1_048_576]
    let profile = try profile([
      .linear(.bf16): SampledFunction(
        axes: [axis, axis, axis], values: [Double](repeating: 2e-3, count: 8)),
      .attention(.bf16): SampledFunction(axes: [axis, axis], values: [1e-4, 1e-4, 1e-4, 1e-4]),
    ])
    #expect(isClose(profile.seconds(for: [.linear(.init(m: 1, n: 1, k: 1, .bf16))]), 2e-3))
    let attention = KernelWork.Attention(
      heads: 2, queries: 5, keys: 7, width: 8, valueWidth: 8, .bf16)
    #expect(isClose(profile.seconds(for: [.attention(attention)]), 1e-3 + 10 * 1e-4))
  }

  @Test func stepsAreAddedUp() throws {
    let profile = try profile([
      .lightStep: constant(1e-6), .heavyStep: constant(2e-6), .scalarStep: constant(3e-6),
      .stridedOperand: constant(4e-6),
    ])
    var work = KernelWork.Elementwise(elements: 100, lightSteps: 1)
    #expect(isClose(profile.seconds(for: [.elementwise(work)]), 1e-3))
    work.lightSteps = 3
    work.heavySteps = 1
    work.scalarSteps = 1
    work.stridedOperands = 2
    #expect(
      isClose(profile.seconds(for: [.elementwise(work)]), 1e-3 + 100 * (2 + 2 + 3 + 8) * 1e-6))
  }

  @Test func aProfileIsWhole() throws {
    let whole = try profile()
    for table in MachineProfile.Table.all {
      var tables = whole.tables
      tables[table] = nil
      #expect(MachineProfile(key: whole.key, peaks: whole.peaks, tables: tables) == nil)
      tables[table] = SampledFunction(
        axes: [[Double]](repeating: [1], count: table.axisCount + 1), values: [1])
      #expect(MachineProfile(key: whole.key, peaks: whole.peaks, tables: tables) == nil)
    }
    #expect(MachineProfile(key: whole.key, peaks: [.f32: 1], tables: whole.tables) == nil)
    #expect(Set(MachineProfile.Table.all.map(\.name)).count == MachineProfile.Table.all.count)
  }
}
