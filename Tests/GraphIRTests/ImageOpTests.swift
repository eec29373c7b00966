import GraphIR
import GraphSamples
import Reference
import Tensors
import Testing

@Suite struct ImageOpTests {
  private func value(_ op: Op, _ tensors: Tensor...) throws -> ReferenceTensor {
    try valueOf { builder in try builder.append(op, tensors.map { builder.constant($0) }) }
  }

  private let image = Tensor([1, 1, 3, 3], (1...9).map(Float.init))

  @Test func `a kernel meets the image as it is, not turned around`() throws {
    let kernel = Tensor([1, 1, 2, 2], [0, 1, 2, 0])
    expectClose(
      try value(.convolution(Convolution()), image, kernel), [1, 1, 2, 2], [10, 13, 19, 22])
    // A row of zeros above, a column of zeros to the left; every second place.
    let window = Convolution(stride: [2, 2], padding: [1, 0, 1, 0])
    expectClose(try value(.convolution(window), image, kernel), [1, 1, 2, 2], [0, 4, 4, 22])
  }

  @Test func `channels are summed, and each kernel has a bias`() throws {
    let images = Tensor([2, 2, 1, 2], [1, 2, 10, 20, 3, 4, 30, 40])
    let kernels = Tensor([3, 2, 1, 1], [1, 0, 0, 1, 1, -1])
    expectClose(
      try value(.convolution(Convolution()), images, kernels, Tensor([3], [0, 0.5, 100])),
      [2, 3, 1, 2], [1, 2, 10.5, 20.5, 91, 82, 3, 4, 30.5, 40.5, 73, 64])
  }

  @Test func `rms_norm divides by the root mean square`() throws {
    // The mean of 9 and 16 and epsilon 3.5 make 16.
    expectClose(try value(.rmsNorm(epsilon: 3.5), Tensor([2], [3, -4])), [2], [0.75, -1])
  }

  @Test func `group_norm treats neighbouring channels together`() throws {
    let x = Tensor([1, 4, 2], [1, 2, 3, 4, 5, 5, 5, 5])
    // Variance 1.25 and epsilon 0.19 make 1.44, whose root is 1.2.
    expectClose(
      try value(.groupNorm(groups: 2, epsilon: 0.19), x), [1, 4, 2],
      [-1.25, -0.5 / 1.2, 0.5 / 1.2, 1.25, 0, 0, 0, 0])
  }

  @Test func `upsample repeats rows and columns`() throws {
    expectClose(
      try value(.upsample(factor: 2), Tensor([1, 1, 1, 2], [1, 2])), [1, 1, 2, 4],
      [1, 1, 2, 2, 1, 1, 2, 2])
  }

  @Test func `work is counted`() throws {
    var builder = GraphBuilder(name: "work")
    let x = builder.input("x", .f32([2, 3, 8, 8]))
    let y = try builder.append(
      .convolution(Convolution(stride: [2, 2], padding: [1, 1, 1, 1])),
      [x, builder.parameter("w", [5, 3, 3, 3]), builder.parameter("b", [5])])
    #expect(builder.graph.multiplyAccumulates(of: y) == 2 * 5 * 16 * 27)
    #expect(builder.graph.floatingPointOperations(of: y) == 2 * 5 * 16 * (2 * 27 + 1))
  }

  struct Misfit: Sendable, CustomTestStringConvertible {
    let op: Op
    let shapes: [[Int]]
    let rule: String
    var testDescription: String { rule }
  }

  @Test(arguments: [
    Misfit(
      op: .groupNorm(groups: 3, epsilon: 0), shapes: [[1, 4, 2]],
      rule: "3 groups do not divide 4 channels"),
    Misfit(
      op: .groupNorm(groups: 1, epsilon: 0), shapes: [[4]], rule: "takes [batch, channels, ...]"),
    Misfit(
      op: .groupNormAffine(groups: 2, epsilon: 0, activation: nil), shapes: [[1, 4, 2], [4], [1]],
      rule: "scale and shift must be [4]"),
    Misfit(
      op: .groupNormAffine(groups: 2, epsilon: 0, activation: .sin),
      shapes: [[1, 4, 2], [4], [4]], rule: "the function is no activation"),
    Misfit(
      op: .upsample(factor: 0), shapes: [[1, 1, 1, 1]], rule: "the factor 0 is out of range"),
    Misfit(
      op: .upsample(factor: 2), shapes: [[1, 1, 1]],
      rule: "takes [batch, channels, height, width]"),
    Misfit(
      op: .convolution(Convolution()), shapes: [[1, 3, 4, 4], [2, 4, 3, 3]],
      rule: "3 and 4 channels differ"),
    Misfit(
      op: .convolution(Convolution(stride: [0, 1])), shapes: [[1, 3, 4, 4], [2, 3, 3, 3]],
      rule: "the stride [0, 1] is out of range"),
    Misfit(
      op: .convolution(Convolution(padding: [1, 1, 1])), shapes: [[1, 3, 4, 4], [2, 3, 3, 3]],
      rule: "the padding [1, 1, 1] is out of range"),
    Misfit(
      op: .convolution(Convolution(padding: [0, 1, 0, 0])), shapes: [[1, 3, 4, 4], [2, 3, 6, 3]],
      rule: "the kernel does not fit into the padded image"),
    Misfit(
      op: .convolution(Convolution()), shapes: [[1, 3, 4, 4], [2, 3, 3, 3], [3]],
      rule: "the bias must be [2]"),
    Misfit(
      op: .convolutionEpilogue(Convolution(), LinearEpilogue(residual: true)),
      shapes: [[1, 3, 4, 4], [2, 3, 3, 3], [2, 2]], rule: "the residual must be [1,2,2,2]"),
    Misfit(
      op: .convolutionEpilogue(Convolution(), LinearEpilogue(gate: true)),
      shapes: [[1, 3, 4, 4], [2, 3, 3, 3], [2]], rule: "takes no gate"),
  ])
  func `operands that do not fit are refused`(misfit: Misfit) {
    let error = #expect(throws: GraphError.self) {
      try misfit.op.resultType(misfit.shapes.map { .f32($0) })
    }
    #expect(error?.message.hasSuffix(": \(misfit.rule)") == true, "\(error?.message ?? "")")
  }
}
