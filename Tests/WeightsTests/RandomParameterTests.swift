import Diagnostics
import Foundation
import Tensors
import Testing
import Weights

@Suite struct RandomParameterTests {
  private func values(_ name: String, _ dimensions: [Int], seed: String) throws -> [Float] {
    let wanted = [WantedParameter(name: name, dimensions: dimensions)]
    return try ParameterSource.open(wanted, weights: "random:\(seed)").withValues(of: name) {
      Array($0)
    }
  }

  @Test(arguments: [1, 2, 7, 1001, 4096])
  func `are the same however the work is divided`(count: Int) throws {
    let wanted = [WantedParameter(name: "w", dimensions: [count])]
    let source = try ParameterSource.open(wanted, weights: "random:3")
    let whole = source.withValues(of: "w") { Array($0) }
    let pieces = source.withValues(
      of: "w",
      divide: { count, body in
        for start in stride(from: 0, to: count, by: 3).reversed() {
          body(start..<min(start + 3, count))
        }
      }
    ) { Array($0) }
    #expect(pieces == whole)
  }

  @Test(arguments: [
    ([400, 250], 1 / 250.0), ([64, 4, 5, 5], 1 / 100.0), ([40_001], 0.0004), ([1, 50_000], 2e-5),
  ])
  func `are normal with the stated variance`(_ dimensions: [Int], _ variance: Double) throws {
    let sample = try values("blocks.0.weight", dimensions, seed: "3").map(Double.init)
    let count = Double(sample.count)
    let deviation = variance.squareRoot()
    func moment(_ power: Int) -> Double {
      sample.reduce(0) { sum, value in
        sum + (0..<power).reduce(1) { product, _ in product * value / deviation }
      } / count
    }
    // Five standard errors of each moment of a normal sample: variances 1, 2, 15, 96 over n.
    #expect(abs(moment(1)) < 5 / count.squareRoot())
    #expect(abs(moment(2) - 1) < 5 * (2 / count).squareRoot())
    #expect(abs(moment(3)) < 5 * (15 / count).squareRoot())
    #expect(abs(moment(4) - 3) < 5 * (96 / count).squareRoot())
    // The shares within one and two standard deviations.
    for (bound, share) in [(1.0, 0.682_689_5), (2.0, 0.954_499_7)] {
      let inside = Double(sample.count { abs($0) < bound * deviation }) / count
      #expect(abs(inside - share) < 5 * (share * (1 - share) / count).squareRoot())
    }
    #expect(!sample.contains(0))
    #expect(sample.allSatisfy { abs($0) < 7 * deviation })
  }

  @Test func `neighbours, parameters and seeds are independent`() throws {
    func correlation(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
      let scale = Double(a.count) * 0.0004
      return zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } / scale
    }
    let count = 100_000
    let limit = 5 / Double(count).squareRoot()
    let base = try values("a", [count + 2], seed: "1")
    #expect(abs(correlation(base[..<count], base[1...count])) < limit)
    #expect(abs(correlation(base[..<count], base[2..<count + 2])) < limit)
    for (name, seed) in [("b", "1"), ("a", "2"), ("a.", "1"), ("a", "0")] {
      let other = try values(name, [count + 2], seed: seed)
      #expect(abs(correlation(base[..<count], other[..<count])) < limit)
    }
  }

  @Test func `do not depend on order, on each other or on the element count`() throws {
    let wanted = (0..<6).map { WantedParameter(name: "p\($0)", dimensions: [3 + $0]) }
    let forward = try ParameterSource.open(wanted, weights: "random:9")
    let backward = try ParameterSource.open(wanted.reversed(), weights: "random:9")
    for parameter in wanted.reversed() {
      let one = forward.withValues(of: parameter.name) { Array($0) }
      #expect(one == backward.withValues(of: parameter.name) { Array($0) })
      let longer = try values(parameter.name, [parameter.dimensions[0] + 1], seed: "9")
      #expect(one == Array(longer.dropLast()))
    }
  }

  @Test func `follow their definition`() throws {
    // Box and Muller's formula with the library's logarithm and cosine, in double precision.
    func mixed(_ value: UInt64) -> UInt64 {
      var generator = TestGenerator(state: value &- 0x9e37_79b9_7f4a_7c15)
      return generator.next()
    }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "blocks.3.modulation.weight".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let key = mixed(hash ^ mixed(42 &+ 0x9e37_79b9_7f4a_7c15))
    let sample = try values("blocks.3.modulation.weight", [50, 20], seed: "42")
    for pair in 0..<500 {
      let bits = mixed(key &+ UInt64(pair + 1) &* 0x9e37_79b9_7f4a_7c15)
      let radius = (-2 * log((Double(bits >> 32) + 0.5) * 0x1p-32)).squareRoot()
      let quarter = Double(bits >> 30 & 3)
      let turn = (Double(bits & 0x3fff_ffff) + 0.5) * 0x1p-30 - 0.5
      let angle = Double.pi / 2 * (turn + quarter)
      let deviation = (1.0 / 20).squareRoot()
      #expect(abs(Double(sample[2 * pair]) - radius * cos(angle) * deviation) < 1e-7)
      #expect(abs(Double(sample[2 * pair + 1]) - radius * sin(angle) * deviation) < 1e-7)
    }
  }

  @Test(arguments: ["random:", "random:-1", "random:+1", "random:x", "random:18446744073709551616"])
  func `refuse a seed that is no number`(_ argument: String) throws {
    let error = #expect(throws: DiagnosticsError.self) {
      try ParameterSource.open([], weights: argument)
    }
    #expect(error?.diagnostics.first?.rule.id == "weights.seed")
    #expect(error?.diagnostics.first?.rule.kind == .usage)
  }
}
