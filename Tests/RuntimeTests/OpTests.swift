import GraphIR
import Tensors
import Testing

/// Every op on shapes that fill no vector and no panel.
@Suite struct OpTests {
  /// A graph that ends in one op.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var build: @Sendable (inout GraphBuilder) throws -> ValueID

    var testDescription: String { name }
  }

  static func input(_ b: inout GraphBuilder, _ name: String, _ dimensions: Int...) -> ValueID {
    b.input(name, .f32(dimensions))
  }

  static let unary: [Case] = UnaryOp.allCases.map { function in
    Case(name: function.rawValue) { b in
      // Positive, for roots; far from whole numbers, where `floor` jumps.
      let x = try b.add(input(&b, "x", 3, 5, 7), b.scalar(1.37))
      return try b.unary(function, function == .sqrt || function == .rsqrt ? b.unary(.exp, x) : x)
    }
  }

  static let binary: [Case] = BinaryOp.allCases.flatMap { function in
    [([3, 5, 7], [3, 5, 7]), ([3, 1, 7], [5, 1]), ([7], [3, 5, 7]), ([], [2, 3])].map { a, b in
      Case(name: "\(function.rawValue) \(a) \(b)") { builder in
        let x = builder.input("x", .f32(a))
        let y = try builder.unary(.exp, builder.input("y", .f32(b)))
        return try builder.binary(function, x, y)
      }
    }
  }

  static let movement: [Case] = [
    Case(name: "permute") { b in try b.permute(input(&b, "x", 3, 5, 7), [2, 0, 1]) },
    Case(name: "permute of heads") { b in
      try b.permute(input(&b, "x", 2, 5, 3, 4), [0, 2, 1, 3])
    },
    Case(name: "permute of patches") { b in
      try b.permute(
        b.reshape(input(&b, "x", 2, 3, 4, 6), [2, 3, 2, 2, 3, 2]), [0, 2, 4, 1, 3, 5])
    },
    Case(name: "broadcast") { b in
      try b.append(.broadcast([4, 3, 5]), [input(&b, "x", 3, 1)])
    },
    Case(name: "slice inside") { b in
      try b.slice(input(&b, "x", 3, 5, 7), axis: 1, start: 1, count: 3)
    },
    Case(name: "slice of a slice") { b in
      let rows = try b.slice(input(&b, "x", 5, 7), axis: 0, start: 1, count: 3)
      return try b.unary(.tanh, b.slice(rows, axis: 0, start: 1, count: 2))
    },
    Case(name: "concat") { b in
      try b.concat([input(&b, "x", 3, 5, 7), input(&b, "y", 3, 2, 7)], axis: 1)
    },
    Case(name: "concat of an operand twice") { b in
      let x = input(&b, "x", 3, 5)
      return try b.concat([x, x], axis: 1)
    },
    Case(name: "gather") { b in
      try b.append(
        .gather, [b.parameter("table", [11, 5]), b.input("ids", TensorType(.i32, [2, 3]))])
    },
    Case(name: "gather of a literal") { b in
      try b.append(
        .gather, [input(&b, "table", 4, 5), b.constant(Tensor(ids: [3], [3, 0, 1]))])
    },
    Case(name: "step_row") { b in
      try b.unary(.tanh, b.append(.stepRow, [input(&b, "x", 4, 5)]))
    },
    Case(name: "step_row of a computed table") { b in
      let table = try b.unary(.tanh, input(&b, "x", 4, 5))
      return try b.unary(.exp, b.append(.stepRow, [table]))
    },
    Case(name: "input as output") { b in input(&b, "x", 3, 5) },
    Case(name: "table as output") { b in
      b.table(.frequencies(count: 9, denominator: 8, maximumPeriod: 10000))
    },
  ]

  static let rows: [Case] =
    ReduceOp.allCases.flatMap { function in
      [[0], [1], [2], [0, 2], [0, 1, 2], []].map { axes in
        Case(name: "reduce \(function.rawValue) \(axes)") { b in
          try b.append(.reduce(function, axes: axes), [input(&b, "x", 3, 5, 7)])
        }
      }
    } + [
      Case(name: "softmax") { b in try b.append(.softmax, [input(&b, "x", 3, 5, 19)]) },
      Case(name: "layer_norm") { b in
        try b.append(.layerNorm(epsilon: 1e-6), [input(&b, "x", 3, 5, 19)])
      },
      Case(name: "norm_affine per sample") { b in
        let (x, scale) = (input(&b, "x", 2, 5, 19), input(&b, "scale", 2, 1, 19))
        return try b.append(.normAffine(epsilon: 1e-6), [x, scale, input(&b, "shift", 19)])
      },
      Case(name: "norm_affine per token") { b in
        let (x, scale) = (input(&b, "x", 2, 5, 19), input(&b, "scale", 1, 5, 19))
        return try b.append(.normAffine(epsilon: 1e-6), [x, scale, input(&b, "shift", 5, 1)])
      },
      Case(name: "norm_affine in place") { b in
        let x = try b.unary(.tanh, input(&b, "x", 2, 5, 19))
        let (scale, shift) = (input(&b, "scale", 5, 19), input(&b, "shift", 2, 1, 19))
        let y = try b.append(.normAffine(epsilon: 1e-6), [x, scale, shift])
        return try b.append(.reduce(.sum, axes: [1]), [y])
      },
      Case(name: "affine") { b in
        try b.append(
          .affine, [input(&b, "x", 2, 5, 7), input(&b, "s", 2, 1, 7), input(&b, "t", 7)])
      },
      Case(name: "gated_add") { b in
        try b.append(
          .gatedAdd, [input(&b, "x", 2, 5, 7), input(&b, "g", 2, 1, 7), input(&b, "r", 2, 5, 7)])
      },
      Case(name: "chain") { b in
        let chain = ElementwiseChain([
          .binary(.multiply, .input(0), .input(1)), .unary(.silu, .step(0)),
          .binary(.subtract, .step(1), .input(2)), .binary(.maximum, .step(2), .step(0)),
        ])
        return try b.append(
          .chain(chain), [input(&b, "x", 2, 5, 7), input(&b, "y", 2, 1, 7), input(&b, "z", 5, 1)])
      },
      Case(name: "chain in place over its third operand") { b in
        let z = try b.unary(.exp, input(&b, "z", 5, 7))
        let chain = ElementwiseChain([
          .binary(.add, .input(0), .input(1)), .binary(.multiply, .step(0), .input(2)),
        ])
        let result = try b.append(.chain(chain), [input(&b, "x", 7), input(&b, "y", 5, 1), z])
        return try b.append(.reduce(.max, axes: [0]), [result])
      },
    ]

  static let products: [Case] =
    [(false, false), (true, false), (false, true), (true, true)].flatMap { transposeA, transposeB in
      [(Shape([]), Shape([])), ([3], [3]), ([2, 3], [3]), ([2, 1], [1, 3]), ([3], [])].map { a, b in
        Case(name: "matmul \(transposeA) \(transposeB) \(a) \(b)") { builder in
          let x = builder.input("x", .f32(a.dimensions + (transposeA ? [9, 5] : [5, 9])))
          let y = builder.input("y", .f32(b.dimensions + (transposeB ? [35, 9] : [9, 35])))
          return try builder.matmul(x, y, transposeA: transposeA, transposeB: transposeB)
        }
      }
    } + [
      Case(name: "matmul with a packed parameter") { b in
        try b.matmul(input(&b, "x", 2, 5, 9), b.parameter("w", [35, 9]), transposeB: true)
      },
      Case(name: "matmul of many rows with an operand that is packed for them") { b in
        let y = try b.matmul(input(&b, "x", 2, 130, 9), input(&b, "y", 9, 35))
        return try b.matmul(y, input(&b, "z", 40, 35), transposeB: true)
      },
      Case(name: "matmul of a parameter with tokens as columns") { b in
        try b.matmul(b.parameter("w", [35, 9]), input(&b, "x", 9, 5))
      },
    ]
    + linear.map { epilogue in
      Case(name: "linear \(epilogue)") { b in
        let x = input(&b, "x", 2, 5, 9)
        let weight = b.source(.parameter(["q", "k", "v"]), .f32([70, 9]))
        return try b.append(.linear(epilogue), [x, weight] + operands(&b, epilogue))
      }
    }
    + linear.map { epilogue in
      Case(name: "patch_linear \(epilogue)") { b in
        let view = PatchView(
          split: [2, 3, 5, 2, 1, 3], order: [0, 2, 4, 3, 5, 1], rowAxisCount: 3, rows: [2, 5])
        let weight = try b.reshape(b.parameter("w", [70, 3, 6]), [70, 18])
        return try b.append(
          .patchLinear(view, epilogue),
          [input(&b, "x", 2, 3, 10, 3), weight] + operands(&b, epilogue))
      }
    } + [
      Case(name: "linear with a computed weight") { b in
        let weight = try b.unary(.tanh, b.parameter("w", [70, 9]))
        return try b.append(
          .linear(LinearEpilogue(bias: true)),
          [input(&b, "x", 5, 9), weight, b.parameter("bias", [70])])
      },
      Case(name: "linear over its residual") { b in
        let residual = try b.unary(.tanh, input(&b, "r", 5, 70))
        let y = try b.append(
          .linear(LinearEpilogue(residual: true)),
          [input(&b, "x", 5, 9), b.parameter("w", [70, 9]), residual])
        return try b.append(.reduce(.sum, axes: [0]), [y])
      },
      Case(name: "linear with a repeated residual") { b in
        try b.append(
          .linear(LinearEpilogue(residual: true)),
          [input(&b, "x", 2, 5, 9), b.parameter("w", [70, 9]), input(&b, "r", 1, 5, 70)])
      },
      Case(name: "attention of one operand") { b in
        try b.append(.attention(heads: 3, scale: 0.4), [input(&b, "x", 2, 11, 45)])
      },
      Case(name: "attention of three operands") { b in
        let (q, k) = (input(&b, "q", 2, 7, 15), input(&b, "k", 2, 11, 15))
        return try b.append(.attention(heads: 3, scale: 0.4), [q, k, input(&b, "v", 2, 11, 6)])
      },
    ]

  static let linear = [
    LinearEpilogue(), LinearEpilogue(bias: true),
    LinearEpilogue(bias: true, activation: .geluTanh),
    LinearEpilogue(bias: true, activation: .relu, gate: true, residual: true),
    LinearEpilogue(gate: true), LinearEpilogue(activation: .tanh, residual: true),
    // An activation that the product's kernel does not have.
    LinearEpilogue(bias: true, activation: .sin, gate: true, residual: true),
  ]

  static func operands(_ b: inout GraphBuilder, _ epilogue: LinearEpilogue) -> [ValueID] {
    var result: [ValueID] = []
    if epilogue.bias { result.append(b.parameter("bias", [70])) }
    if epilogue.gate { result.append(input(&b, "gate", 2, 1, 70)) }
    if epilogue.residual { result.append(input(&b, "residual", 2, 5, 70)) }
    return result
  }

  static let images: [Case] =
    [
      Case(name: "rms_norm") { b in
        try b.append(.rmsNorm(epsilon: 1e-6), [input(&b, "x", 3, 5, 19)])
      },
      Case(name: "rms_norm_scale per head") { b in
        try b.append(
          .rmsNormScale(epsilon: 1e-6), [input(&b, "x", 2, 5, 19), b.parameter("scale", [19])])
      },
      Case(name: "softmax_gradient") { b in
        let y = try b.append(.softmax, [input(&b, "x", 3, 5, 19)])
        return try b.append(.softmaxGradient, [y, input(&b, "dy", 3, 5, 19)])
      },
      Case(name: "attention_gradient") { b in
        try b.append(
          .attentionGradient(heads: 3, scale: 0.4),
          [
            input(&b, "q", 2, 17, 15), input(&b, "k", 2, 35, 15), input(&b, "v", 2, 35, 21),
            input(&b, "dy", 2, 17, 21),
          ])
      },
      Case(name: "attention_gradient of blocks of queries") { b in
        let keys = 1100
        return try b.append(
          .attentionGradient(heads: 1, scale: 0.4),
          [
            input(&b, "q", 1, 75, 5), input(&b, "k", 1, keys, 5), input(&b, "v", 1, keys, 3),
            input(&b, "dy", 1, 75, 3),
          ])
      },
      Case(name: "norm_gradient") { b in
        try b.append(
          .normGradient(epsilon: 1e-2, scale: false, residual: false),
          [input(&b, "x", 3, 3, 37), input(&b, "dy", 3, 3, 37)])
      },
      Case(name: "norm_gradient of a vector's width") { b in
        try b.append(
          .normGradient(epsilon: 1e-2, scale: false, residual: true),
          [input(&b, "x", 7, 32), input(&b, "dy", 7, 32), input(&b, "residual", 7, 32)])
      },
      Case(name: "norm_gradient with a scale and a residual") { b in
        try b.append(
          .normGradient(epsilon: 1e-2, scale: true, residual: true),
          [
            input(&b, "x", 2, 5, 19), input(&b, "dy", 2, 5, 19), input(&b, "scale", 2, 1, 19),
            input(&b, "residual", 2, 5, 19),
          ])
      },
      Case(name: "reduce_product of the last axis") { b in
        try b.append(
          .reduceProduct(axes: [2]), [input(&b, "x", 3, 5, 37), input(&b, "y", 3, 5, 37)])
      },
      Case(name: "reduce_product of other axes") { b in
        try b.append(
          .reduceProduct(axes: [0, 1]), [input(&b, "x", 3, 5, 37), input(&b, "y", 3, 5, 37)])
      },
      Case(name: "rms_norm_scale per token") { b in
        try b.append(
          .rmsNormScale(epsilon: 1e-6), [input(&b, "x", 2, 5, 19), input(&b, "scale", 5, 1)])
      },
      Case(name: "group_norm") { b in
        try b.append(.groupNorm(groups: 3, epsilon: 1e-6), [input(&b, "x", 2, 6, 5, 7)])
      },
      Case(name: "group_norm_affine") { b in
        let (scale, shift) = (b.parameter("scale", [6]), b.parameter("shift", [6]))
        return try b.append(
          .groupNormAffine(groups: 2, epsilon: 1e-6, activation: .silu),
          [input(&b, "x", 2, 6, 5, 7), scale, shift])
      },
      Case(name: "upsample") { b in
        try b.append(.upsample(factor: 2), [input(&b, "x", 2, 3, 5, 7)])
      },
      Case(name: "convolution of computed kernels") { b in
        let kernels = try b.unary(.tanh, input(&b, "w", 4, 3, 3, 3))
        return try b.append(
          .convolution(Convolution(stride: [2, 2], padding: [0, 1, 0, 1])),
          [input(&b, "x", 2, 3, 6, 8), kernels])
      },
      Case(name: "convolution over its residual") { b in
        let x = input(&b, "x", 1, 3, 6, 21)
        let residual = try b.unary(.tanh, x)
        let op = Op.convolutionEpilogue(
          Convolution(padding: [1, 1, 1, 1]), LinearEpilogue(activation: .silu, residual: true))
        let y = try b.append(op, [x, b.parameter("w", [3, 3, 3, 3]), residual])
        return try b.append(.reduce(.sum, axes: [1]), [y])
      },
    ]
    + [
      LinearEpilogue(), LinearEpilogue(bias: true), LinearEpilogue(activation: .relu),
      LinearEpilogue(bias: true, activation: .geluTanh, residual: true),
    ].map { epilogue in
      Case(name: "convolution \(epilogue)") { b in
        let window = Convolution(padding: [1, 1, 1, 1])
        var operands = [input(&b, "x", 2, 3, 5, 19), b.parameter("w", [35, 3, 3, 3])]
        if epilogue.bias { operands.append(b.parameter("bias", [35])) }
        if epilogue.residual { operands.append(input(&b, "residual", 2, 35, 5, 19)) }
        return try b.append(.convolutionEpilogue(window, epilogue), operands)
      }
    }

  @Test(arguments: unary + binary + movement + rows + products + images)
  func agreesWithTheEvaluator(_ test: Case) throws {
    var builder = GraphBuilder(name: test.name)
    builder.output("out", try test.build(&builder))
    try expectAgreement(builder.graph, step: test.name.hasPrefix("step_row") ? 2 : 0)
  }
}
