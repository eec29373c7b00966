import Runtime
import Testing

@Suite struct SampledFunctionTests {
  @Test func aPowerLawIsMetBetweenThePoints() throws {
    let axes: [[Double]] = [[1, 8, 100], [2, 50]]
    let values = axes[0].flatMap { x in axes[1].map { y in 3 * x * x / y } }
    let function = try #require(SampledFunction(axes: axes, values: values))
    for (x, y) in [(1.0, 2.0), (4, 7), (8, 50), (33, 49)] {
      #expect(abs(function.value(at: [x, y]) / (3 * x * x / y) - 1) < 1e-12)
    }
  }

  @Test func theEdgeHoldsBelowAndIsContinuedAbove() throws {
    let function = try #require(SampledFunction(axes: [[10, 20]], values: [4, 6]))
    #expect(function.value(at: [1]) == function.value(at: [10]))
    #expect(abs(function.value(at: [60]) - 18) < 1e-12)
    #expect(abs(function.value(at: [60], above: .none) - 6) < 1e-12)
  }

  @Test func aConstantHasNoAxis() throws {
    let function = try #require(SampledFunction(axes: [], values: [5]))
    #expect(abs(function.value(at: []) - 5) < 1e-12)
  }

  @Test(arguments: [
    ([[1, 2]], [1.0]), ([[1, 2]], [1, 0]), ([[1, 2]], [1, -1]), ([[1, 2]], [1, .nan]),
    ([[1, 2]], [1, .infinity]), ([[2, 1]], [1, 1]), ([[1, 1]], [1, 1]), ([[0, 1]], [1, 1]),
    ([[-1, 1]], [1, 1]), ([[]], []), ([], []), ([], [1, 1]),
  ])
  func whatIsNoGridIsRefused(axes: [[Double]], values: [Double]) {
    #expect(SampledFunction(axes: axes, values: values) == nil)
  }
}
