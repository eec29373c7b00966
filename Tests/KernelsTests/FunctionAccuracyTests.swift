import CKernels
import Kernels
import Testing

@Suite struct FunctionAccuracyTests {
  /// What a row computes for each value.
  private func apply(_ op: dth_op, to values: [Float], on row: KernelRow) -> [Float] {
    ElementwiseTests.Problem(
      dims: [values.count], inputs: [(values, [1])], steps: [(op, 0, 0)]
    ).run(on: row, threads: 1).map(Float.init(bitPattern:))
  }

  /// Values spread evenly over a range, ends included.
  private func sweep(_ range: ClosedRange<Float>, count: Int = 40_001) -> [Float] {
    let width = Double(range.upperBound) - Double(range.lowerBound)
    return (0..<count).map {
      Float(Double(range.lowerBound) + width * Double($0) / Double(count - 1))
    }
  }

  /// The largest error in units in the last place.
  private func worst(
    _ op: dth_op, _ range: ClosedRange<Float>, on row: KernelRow
  ) -> Double {
    let values = sweep(range)
    return zip(values, apply(op, to: values, on: row)).reduce(0) {
      max($0, unitsInLastPlace($1.1, exactUnary(op, Double($1.0))))
    }
  }

  /// The largest error relative to the exact value, those below `floor` counting as `floor`.
  private func worstRelative(
    _ op: dth_op, _ range: ClosedRange<Float>, floor: Double, on row: KernelRow
  ) -> Double {
    let values = sweep(range)
    return zip(values, apply(op, to: values, on: row)).reduce(0) {
      let exact = exactUnary(op, Double($1.0))
      return max($0, abs(Double($1.1) - exact) / max(abs(exact), floor))
    }
  }

  @Test(arguments: KernelRow.supported) func `exp is within 2 ulp`(row: KernelRow) {
    #expect(worst(DTH_EXP, -87.3...88.7, on: row) < 2)
    #expect(worst(DTH_EXP, -1...1, on: row) < 2)
    #expect(worst(DTH_EXP, -1e-3...1e-3, on: row) < 2)
  }

  @Test(arguments: KernelRow.supported) func `exp at its ends`(row: KernelRow) {
    // The last values below overflow, and results that are not normal numbers.
    let values: [Float] = [88.72283, 88.73, 200, -87.5, -95, -103.0, -104.5, -1000]
    let results = apply(DTH_EXP, to: values, on: row)
    #expect(results[0] > 3.4e38 && results[0] < .infinity)
    #expect(results[1] == .infinity && results[2] == .infinity)
    for i in 3...5 {
      let exact = exactUnary(DTH_EXP, Double(values[i]))
      let bound = 2 * Double(Float.leastNonzeroMagnitude) + 2.4e-7 * exact
      #expect(abs(Double(results[i]) - exact) <= bound)
    }
    #expect(results[6] == 0 && results[7] == 0)
  }

  @Test(arguments: KernelRow.supported)
  func `tanh, sigmoid and silu are within 4 ulp`(row: KernelRow) {
    #expect(worst(DTH_TANH, -10...10, on: row) < 4)
    #expect(worst(DTH_TANH, -0.7...0.7, on: row) < 4)
    #expect(worst(DTH_TANH, -1e-3...1e-3, on: row) < 4)
    #expect(worst(DTH_SIGMOID, -80...80, on: row) < 4)
    #expect(worst(DTH_SILU, -80...80, on: row) < 4)
    #expect(worst(DTH_SILU, -1...1, on: row) < 4)
  }

  @Test(arguments: KernelRow.supported)
  func `gelu is within 1e-6 of itself, its approximation within 2e-6`(row: KernelRow) {
    #expect(worstRelative(DTH_GELU, -12...12, floor: 1e-34, on: row) < 1e-6)
    #expect(worstRelative(DTH_GELU, -1e-2...1e-2, floor: 1e-34, on: row) < 1e-6)
    #expect(worstRelative(DTH_GELU_TANH, -12...12, floor: 1e-3, on: row) < 2e-6)
    #expect(worstRelative(DTH_GELU_TANH, -1e-2...1e-2, floor: 1e-34, on: row) < 1e-6)
    #expect(worstRelative(DTH_GELU_TANH_SLOPE, -12...12, floor: 0.1, on: row) < 2e-6)
    #expect(worstRelative(DTH_GELU_TANH_SLOPE, -1e-2...1e-2, floor: 0.1, on: row) < 1e-6)
    #expect(worstRelative(DTH_GELU_QUICK, -20...20, floor: 1e-3, on: row) < 2e-6)
    #expect(worstRelative(DTH_GELU_QUICK, -1e-2...1e-2, floor: 1e-34, on: row) < 1e-6)
  }

  @Test(arguments: KernelRow.supported)
  func `functions far from zero have their limits`(row: KernelRow) {
    let above: [Float] = [30, 1e4, 3e38, .infinity]
    for op in [DTH_GELU, DTH_GELU_TANH, DTH_GELU_QUICK, DTH_SILU, DTH_RELU] {
      #expect(apply(op, to: above, on: row) == above)
      let below = apply(op, to: [-30, -90, -1e4, -3e38], on: row)
      #expect(below.allSatisfy { $0.magnitude < 1e-11 }, "\(op): \(below)")
    }
    let far = above.map { -$0 } + above
    let slope = apply(DTH_GELU_TANH_SLOPE, to: far, on: row)
    #expect(slope[..<4].allSatisfy { $0.magnitude < 1e-30 } && slope[4...].allSatisfy { $0 == 1 })
    #expect(apply(DTH_TANH, to: far, on: row) == [-1, -1, -1, -1, 1, 1, 1, 1])
    let logistic = apply(DTH_SIGMOID, to: far, on: row)
    #expect(logistic[..<4].allSatisfy { $0 < 1e-12 } && logistic[4...].allSatisfy { $0 == 1 })
    for op in [
      DTH_GELU, DTH_GELU_TANH, DTH_GELU_TANH_SLOPE, DTH_GELU_QUICK, DTH_SILU, DTH_TANH, DTH_SIGMOID,
      DTH_EXP,
    ] {
      #expect(apply(op, to: [.nan, 1], on: row)[0].isNaN)
    }
  }
}
