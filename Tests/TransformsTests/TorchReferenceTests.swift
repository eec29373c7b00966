import GraphIR
import Reference
import Tensors
import Testing

/// The naive evaluator against PyTorch and diffusers.
@Suite struct TorchReferenceTests {
  private func value(
    _ build: (inout GraphBuilder) throws -> ValueID
  ) throws -> ReferenceTensor {
    var builder = GraphBuilder(name: "test")
    builder.output("y", try build(&builder))
    return try #require(
      try Evaluator(graph: builder.graph).evaluate(Evaluator.Bindings())["y"])
  }

  @Test(arguments: [UnaryOp.relu, .gelu, .geluTanh, .silu, .sigmoid, .tanh])
  func `activations agree`(function: UnaryOp) throws {
    let fixture = try TorchFixture("modules/modules.safetensors")
    let input = try fixture["activation.input"]
    let expected = try fixture["activation.\(function.rawValue)"]
    let result = try value { try $0.unary(function, $0.constant(input)) }
    for (result, expected) in zip(result.values, expected.values) {
      #expect(abs(result - Double(expected)) <= 1e-6 * max(1, abs(Double(expected))))
    }
  }

  @Test func `softmax and layer norm agree`() throws {
    let fixture = try TorchFixture("modules/modules.safetensors")
    let softmax = try value {
      try $0.append(.softmax, [$0.constant(fixture["softmax.input"])])
    }
    try fixture.expect(softmax, equals: "softmax.last_axis", within: 1e-6)
    let columns = try value {
      let x = try $0.permute($0.constant(fixture["softmax.input"]), [1, 0])
      return try $0.permute($0.append(.softmax, [x]), [1, 0])
    }
    try fixture.expect(columns, equals: "softmax.first_axis", within: 1e-6)
    let plain = try value {
      try $0.append(.layerNorm(epsilon: 1e-6), [$0.constant(fixture["layer_norm.input"])])
    }
    try fixture.expect(plain, equals: "layer_norm.plain_eps_1e-6", within: 1e-6)
    let affine = try value {
      let operands = try ["input", "weight", "bias"].map { try fixture["layer_norm.\($0)"] }
      return try $0.append(
        .normAffine(epsilon: 1e-5),
        [
          $0.constant(operands[0]), $0.constant(operands[1]), $0.constant(operands[2]),
        ])
    }
    try fixture.expect(affine, equals: "layer_norm.affine_eps_1e-5", within: 1e-6)
  }

  @Test(arguments: [
    ("key", "value", "output", 1 / 5.0.squareRoot()), ("key", "value", "output_scale_1", 1),
    ("cross_key", "cross_value", "cross_output", 1 / 5.0.squareRoot()),
  ])
  func `attention agrees`(key: String, value: String, output: String, scale: Double) throws {
    let fixture = try TorchFixture("modules/modules.safetensors")
    let result = try self.value { builder in
      let operands = try ["query", key, value].map { name in
        let tensor = try fixture["attention.\(name)"]
        let tokens = tensor.shape[2]
        return try builder.reshape(
          builder.permute(builder.constant(tensor), [0, 2, 1, 3]), [2, tokens, 15])
      }
      let mixed = try builder.append(.attention(heads: 3, scale: scale), operands)
      return try builder.permute(builder.reshape(mixed, [2, 7, 3, 5]), [0, 2, 1, 3])
    }
    try fixture.expect(result, equals: "attention.\(output)", within: 1e-6)
  }

  @Test(arguments: [
    ("same", "weight", Convolution(padding: [1, 1, 1, 1])),
    ("down", "weight", Convolution(stride: [2, 2], padding: [0, 1, 0, 1])),
    ("single", "weight_single", Convolution()),
    ("no_bias", "weight", Convolution(padding: [1, 1, 1, 1])),
  ])
  func `convolutions agree`(output: String, weight: String, window: Convolution) throws {
    let fixture = try TorchFixture("images/images.safetensors")
    let result = try value { builder in
      let names = ["input", weight] + (output == "no_bias" ? [] : ["bias"])
      let operands = try names.map { builder.constant(try fixture["convolution.\($0)"]) }
      return try builder.append(.convolution(window), operands)
    }
    try fixture.expect(result, equals: "convolution.\(output)", within: 1e-6)
  }

  @Test func `group norm and upsampling agree`() throws {
    let fixture = try TorchFixture("images/images.safetensors")
    let norm = try value { builder in
      let operands = try ["input", "weight", "bias"].map {
        builder.constant(try fixture["group_norm.\($0)"])
      }
      return try builder.append(
        .groupNormAffine(groups: 3, epsilon: 1e-6, activation: nil), operands)
    }
    try fixture.expect(norm, equals: "group_norm.output", within: 1e-6)
    let larger = try value {
      try $0.append(.upsample(factor: 2), [$0.constant(fixture["group_norm.input"])])
    }
    try fixture.expect(larger, equals: "upsample.output", within: 1e-6)
  }

  /// The settings of a table of positions, as the generating code names them.
  private func positions(
    _ grid: [Int], _ parts: [(axis: Int, width: Int, scale: Double)]
  ) throws -> ReferenceTensor {
    let parts = parts.map {
      SincosTable.Part(axis: $0.axis, width: $0.width, positionScale: $0.scale)
    }
    return try value { $0.table(.sincos(SincosTable(grid: grid, parts: parts))) }
  }

  @Test func `position tables agree`() throws {
    let fixture = try TorchFixture("sincos/tables.safetensors")
    let tables = [
      ("1d_8_5", try positions([5], [(0, 8, 1)])),
      ("1d_10_7", try positions([7], [(0, 10, 1)])),
      ("2d_8_2x2_base2_scale1", try positions([2, 2], [(1, 4, 1), (0, 4, 1)])),
      ("2d_12_3x5_base3_scale1", try positions([3, 5], [(1, 6, 3 / 5.0), (0, 6, 1)])),
      (
        "2d_16_5x3_base4_scale2",
        try positions([5, 3], [(1, 8, 4 / 3.0 / 2), (0, 8, 4 / 5.0 / 2)])
      ),
      ("2d_20_6x6_base3_scale0.5", try positions([6, 6], [(1, 10, 1), (0, 10, 1)])),
      (
        "3d_16_3x2x4_space1_time1",
        try positions([3, 2, 4], [(0, 4, 1), (2, 6, 1), (1, 6, 1)])
      ),
      (
        "3d_32_2x3x2_space1.875_time1.5",
        try positions([2, 3, 2], [(0, 8, 1 / 1.5), (2, 12, 1 / 1.875), (1, 12, 1 / 1.875)])
      ),
    ]
    #expect(Set(tables.map(\.0)) == Set(fixture.tensors.keys))
    for (name, table) in tables { try fixture.expect(table, equals: name, within: 1e-6) }
  }

  @Test(arguments: [(256, 0), (256, 1), (10, 0), (10, 1)], ["cos", "sin"])
  func `timestep embeddings agree`(size: (width: Int, shift: Int), first: String) throws {
    let fixture = try TorchFixture("timestep/embeddings.safetensors")
    let half = size.width / 2
    let result = try value { builder in
      let timestep = try builder.reshape(builder.constant(fixture["timestep"]), [6, 1])
      let frequencies = builder.table(
        .frequencies(
          count: half, denominator: Double(half - size.shift), maximumPeriod: 10000))
      let angles = try builder.multiply(timestep, frequencies)
      let functions: [UnaryOp] = first == "cos" ? [.cos, .sin] : [.sin, .cos]
      let parts = try functions.map { try builder.unary($0, angles) }
      return try builder.concat(parts, axis: 1)
    }
    let name = "dim\(size.width)_\(first)_first_shift\(size.shift)"
    try fixture.expect(result, equals: "\(name)_float64", within: 1e-6)
    // In single precision, an angle of up to 1,000 radians is off by 2^-15.
    try fixture.expect(result, equals: name, within: 1e-4)
  }
}
