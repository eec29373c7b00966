import Foundation
import ModelSpec
import Testing
import Training

/// What a training writes down about itself.
@Suite struct TrainingReportTests {
  private func metrics(_ losses: [Double]) -> [TrainingMetrics] {
    losses.enumerated().map {
      TrainingMetrics(
        step: $0.offset + 1, loss: $0.element, smoothedLoss: $0.element / 3, gradientNorm: 1e-7,
        learningRate: 1e-4, seconds: 0.125)
    }
  }

  @Test func `a line of metrics reads back exactly`() throws {
    for entry in metrics([0.1, 1.0 / 3, 1e-300, 6.02e23, 0]) {
      #expect(TrainingMetrics(json: entry.json) == entry)
    }
    #expect(TrainingMetrics(json: #"{"step": 1, "loss": 2"#) == nil)
    #expect(TrainingMetrics(json: #"{"step": 1, "loss": 2}"#) == nil)
  }

  @Test(arguments: [
    [], [1], [1, 1, 1], [0, 0], [1e-9, 1e9], [-3, 2], (1...5000).map { 1 / Double($0) },
    [.infinity, 1, .nan],
  ])
  func `a loss curve is a whole drawing with numbers in it alone`(losses: [Double]) throws {
    let svg = LossCurve(metrics(losses)).svg(title: "a < b & c")
    let parser = XMLText(svg)
    #expect(parser.isBalanced)
    #expect(svg.contains("a &lt; b &amp; c"))
    #expect(!svg.contains("nan") && !svg.contains("inf") && !svg.contains("null"))
    #expect(svg.utf8.count < 40_000)
  }

  @Test func `the scaling that is advised makes latents standard`() throws {
    let values = (0..<1000).map { Float($0 % 2) * 8 + 1 }
    let statistics = LatentStatistics(values)
    #expect(statistics.mean == 5 && statistics.deviation == 4)
    let advice = try #require(statistics.advice(scaledBy: LatentScaling()))
    #expect(advice.contains("{scaling_factor: 0.25, shift_factor: 5}"))
    // The same latents as a denoiser sees them that scales them already.
    let scaled = LatentStatistics(values.map { ($0 - 1) * 2 })
    let again = try #require(scaled.advice(scaledBy: LatentScaling(factor: 2, shift: 1)))
    #expect(again.contains("{scaling_factor: 0.25, shift_factor: 5}"))
    #expect(LatentStatistics(values.map { ($0 - 5) / 4 }).advice(scaledBy: LatentScaling()) == nil)
  }
}

/// Whether the elements of a text of XML nest.
private struct XMLText {
  private(set) var isBalanced = true

  init(_ text: String) {
    var open: [Substring] = []
    for piece in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
      guard let end = piece.firstIndex(of: ">") else {
        isBalanced = false
        return
      }
      let tag = piece[..<end]
      if tag.hasPrefix("/") {
        if open.popLast() != tag.dropFirst() { isBalanced = false }
      } else if !tag.hasSuffix("/") {
        open.append(tag.prefix { $0 != " " })
      }
    }
    if !open.isEmpty { isBalanced = false }
  }
}
