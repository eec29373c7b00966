import GraphIR
import Reference
import Tensors
import Testing
import Transforms

/// Gradients of whole blocks against PyTorch's; the formulas are in Tests/Fixtures/gradients.
@Suite struct TorchGradientTests {
  /// Builds a block over the fixture's tensors as parameters, and compares output, loss and every
  /// gradient of the file.
  private func expectGradients(
    of file: String,
    _ block: (inout GraphBuilder, (inout GraphBuilder, String) throws -> ValueID) throws -> ValueID
  ) throws {
    let fixture = try TorchFixture("gradients/\(file).safetensors")
    var builder = GraphBuilder(name: "block")
    let output = try block(&builder) { builder, name in
      builder.parameter(name, try fixture[name].shape.dimensions)
    }
    builder.output("output", output)
    let error = try builder.subtract(output, builder.constant(fixture["target"]))
    let axes = Array(0..<builder.shape(output).rank)
    builder.output(
      "loss", try builder.append(.reduce(.mean, axes: axes), [builder.multiply(error, error)]))

    let gradients = fixture.tensors.keys.filter { $0.hasPrefix("gradient.") }.sorted()
    let names = gradients.map { String($0.dropFirst("gradient.".count)) }
    let graph = try differentiated(builder.graph, loss: "loss", withRespectTo: names)
    #expect(GraphVerifier.verify(graph).map(\.description) == [])
    let values = try Evaluator(graph: graph)
      .evaluate(Evaluator.Bindings(parameters: fixture.tensors))
    for name in ["output", "loss"] + gradients {
      try fixture.expect(try #require(values[name]), equals: name, within: 1e-5)
    }
  }

  @Test func `a plain block agrees`() throws {
    try expectGradients(of: "plain-block") { builder, parameter in
      func linear(_ x: ValueID, _ name: String) throws -> ValueID {
        try builder.matmul(x, parameter(&builder, "\(name).weight"), transposeB: true)
      }
      let up = try linear(parameter(&builder, "x"), "up")
      let hidden = try builder.unary(.relu, builder.add(up, parameter(&builder, "up.bias")))
      let norm = try builder.multiply(
        builder.append(.layerNorm(epsilon: 1e-5), [hidden]), parameter(&builder, "norm.weight"))
      let normed = try builder.add(norm, parameter(&builder, "norm.bias"))
      let scores = try builder.multiply(
        builder.matmul(linear(normed, "query"), linear(normed, "key"), transposeB: true),
        builder.scalar(1 / 3.0.squareRoot()))
      let attended = try builder.matmul(
        builder.append(.softmax, [scores]), linear(normed, "value"))
      let out = try builder.add(linear(attended, "out"), parameter(&builder, "out.bias"))
      return try builder.unary(.gelu, out)
    }
  }

  @Test func `a modulated block agrees`() throws {
    try expectGradients(of: "modulated-block") { builder, parameter in
      func linear(_ x: ValueID, _ name: String) throws -> ValueID {
        let product = try builder.matmul(
          x, parameter(&builder, "\(name).weight"), transposeB: true)
        return try builder.add(product, parameter(&builder, "\(name).bias"))
      }
      func modulated(_ x: ValueID, scale: ValueID, shift: ValueID) throws -> ValueID {
        let norm = try builder.append(.layerNorm(epsilon: 1e-6), [x])
        let factor = try builder.add(scale, builder.scalar(1))
        return try builder.add(builder.multiply(norm, factor), shift)
      }
      let labels = try builder.append(
        .gather,
        [
          parameter(&builder, "label_table"), builder.constant(Tensor(ids: [2], [2, 0])),
        ])
      let condition = try builder.unary(
        .silu, builder.add(parameter(&builder, "timestep_embedding"), labels))
      let modulation = try builder.reshape(linear(condition, "modulation"), [2, 1, 36])
      let chunks = try (0..<6).map {
        try builder.slice(modulation, axis: 2, start: $0 * 6, count: 6)
      }
      let x = try parameter(&builder, "x")
      let qkv = try linear(modulated(x, scale: chunks[1], shift: chunks[0]), "qkv")
      let heads = try (0..<3).map { part in
        let columns = try builder.slice(qkv, axis: 2, start: part * 6, count: 6)
        return try builder.permute(builder.reshape(columns, [2, 5, 2, 3]), [0, 2, 1, 3])
      }
      let scores = try builder.multiply(
        builder.matmul(heads[0], heads[1], transposeB: true),
        builder.scalar(1 / 3.0.squareRoot()))
      let mixed = try builder.matmul(builder.append(.softmax, [scores]), heads[2])
      let attended = try builder.reshape(builder.permute(mixed, [0, 2, 1, 3]), [2, 5, 6])
      let y = try builder.add(
        x, builder.multiply(chunks[2], linear(attended, "projection")))
      let normed = try modulated(y, scale: chunks[4], shift: chunks[3])
      let hidden = try builder.unary(.geluTanh, linear(normed, "up"))
      return try builder.add(y, builder.multiply(chunks[5], linear(hidden, "down")))
    }
  }
}
