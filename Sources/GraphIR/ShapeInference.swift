import Tensors

/// A graph that does not fulfil an invariant; a fault of the program, not of its input.
package struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong: the op, its operand types and the rule.
  package var message: String
  /// The spec key of the node.
  package var origin: Origin
  /// The value concerned, where the error is about one of a whole graph.
  package var value: ValueID?

  /// An error at a node.
  package init(_ message: String, origin: Origin = Origin(""), value: ValueID? = nil) {
    self.message = message
    self.origin = origin
    self.value = value
  }

  /// The message and the spec key.
  package var description: String {
    origin.path.isEmpty ? message : "\(message) (from \(origin))"
  }
}

extension Op {
  /// The type of the result, from the operands' types.
  ///
  /// - Parameter inputs: The operands' types, in order.
  /// - Returns: The result's type; nil for inputs, states and parameters, whose type is declared.
  /// - Throws: `GraphError` when the operands do not fit the op.
  package func resultType(_ inputs: [TensorType]) throws(GraphError) -> TensorType? {
    func fail(_ rule: String) -> GraphError {
      misfit(inputs, rule)
    }
    func demand(_ condition: Bool, _ rule: String) throws(GraphError) {
      if !condition { throw fail(rule) }
    }
    func demandCount(_ count: Int) throws(GraphError) {
      try demand(inputs.count == count, "takes \(count) operands")
    }
    func broadcast(_ shapes: [Shape], to target: Shape) throws(GraphError) {
      for shape in shapes {
        try demand(
          shape.broadcast(with: target) == target, "\(shape) does not broadcast to \(target)")
      }
    }
    func pieceType(_ shape: Shape) throws(GraphError) -> TensorType {
      let isPiece = pieceStart(in: inputs[0].shape) != nil
      try demand(inputs[0].dtype == .f32 || isPiece, "moves elements of f32 only")
      return TensorType(inputs[0].dtype, shape)
    }
    if let rule = elementTypeRule(inputs) { throw fail(rule) }
    switch self {
    case .input, .state, .parameter:
      try demandCount(0)
      return nil
    case .constant(let tensor):
      try demandCount(0)
      return tensor.type
    case .table(let table):
      try demandCount(0)
      if let problem = table.problem { throw fail(problem) }
      return table.type
    case .stepRow:
      try demandCount(1)
      try demand(inputs[0].shape.rank >= 1, "needs a leading axis of steps")
      return .f32(Array(inputs[0].shape.dimensions.dropFirst()))
    case .matmul(let transposeA, let transposeB):
      try demandCount(2)
      let (a, b) = (inputs[0].shape, inputs[1].shape)
      try demand(a.rank >= 2 && b.rank >= 2, "needs matrices")
      let (m, k) = transposeA ? (a[-1], a[-2]) : (a[-2], a[-1])
      let (n, kB) = transposeB ? (b[-2], b[-1]) : (b[-1], b[-2])
      try demand(k == kB, "inner extents \(k) and \(kB) differ")
      let batch = Shape(Array(a.dimensions.dropLast(2)))
        .broadcast(with: Shape(Array(b.dimensions.dropLast(2))))
      guard let batch else { throw fail("leading axes do not broadcast") }
      return .f32(batch.dimensions + [m, n])
    case .unary:
      try demandCount(1)
      return inputs[0]
    case .binary:
      try demandCount(2)
      guard let shape = inputs[0].shape.broadcast(with: inputs[1].shape) else {
        throw fail("shapes do not broadcast")
      }
      return TensorType(.f32, shape)
    case .softmax, .layerNorm, .rmsNorm:
      try demandCount(1)
      try demand(inputs[0].shape.rank >= 1, "needs a last axis")
      return inputs[0]
    case .groupNorm(let groups, _):
      try demandCount(1)
      return try groupNormType(groups, inputs)
    case .convolution(let convolution):
      try demand(inputs.count == 2 || inputs.count == 3, "takes 2 or 3 operands")
      return try convolutionType(
        convolution, LinearEpilogue(bias: inputs.count == 3), inputs)
    case .upsample(let factor):
      try demandCount(1)
      return try upsampleType(factor, inputs)
    case .softmaxGradient:
      try demandCount(2)
      try demand(inputs[0].shape.rank >= 1, "needs a last axis")
      try demand(inputs[0].shape == inputs[1].shape, "operands differ")
      return inputs[0]
    case .normGradient(_, let scale, let residual):
      try demandCount(2 + (scale ? 1 : 0) + (residual ? 1 : 0))
      try demand(inputs[0].shape.rank >= 1, "needs a last axis")
      try demand(inputs[0].shape == inputs[1].shape, "operands differ")
      if scale {
        try demand(
          inputs[2].shape.rowGroupCount(in: inputs[0].shape) != nil,
          "the scale does not repeat over runs of rows")
      }
      if residual {
        try demand(inputs[inputs.count - 1].shape == inputs[0].shape, "the residual differs")
      }
      return inputs[0]
    case .reduce(_, let axes), .reduceProduct(let axes):
      if case .reduce = self { try demandCount(1) } else { try demandCount(2) }
      let shape = inputs[0].shape
      try demand(inputs.allSatisfy { $0.shape == shape }, "operands differ")
      try demand(axes == axes.sorted() && Set(axes).count == axes.count, "axes must ascend")
      try demand(axes.allSatisfy { (0..<shape.rank).contains($0) }, "axis out of range")
      return .f32(shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] })
    case .gather:
      try demandCount(2)
      try demand(
        inputs[0].dtype == .f32 && inputs[0].shape.rank == 2 && inputs[1].dtype == .i32,
        "takes an f32 matrix and i32 ids")
      return .f32(inputs[1].shape.dimensions + [inputs[0].shape[1]])
    case .reshape(let dimensions):
      try demandCount(1)
      let shape = Shape(dimensions)
      try demand(
        shape.checkedElementCount == inputs[0].shape.elementCount, "element counts differ")
      return TensorType(inputs[0].dtype, shape)
    case .broadcast(let dimensions):
      try demandCount(1)
      try broadcast([inputs[0].shape], to: Shape(dimensions))
      return try pieceType(Shape(dimensions))
    case .permute(let axes):
      try demandCount(1)
      let shape = inputs[0].shape
      try demand(axes.sorted() == Array(0..<shape.rank), "\(axes) is no permutation")
      return try pieceType(Shape(axes.map { shape[$0] }))
    case .slice(let axis, let start, let count):
      try demandCount(1)
      let shape = inputs[0].shape
      try demand((0..<shape.rank).contains(axis), "axis out of range")
      try demand(
        start >= 0 && count >= 1 && start <= shape[axis] - count, "range out of the axis")
      var dimensions = shape.dimensions
      dimensions[axis] = count
      return try pieceType(Shape(dimensions))
    case .concat(let axis):
      try demand(!inputs.isEmpty, "needs an operand")
      var dimensions = inputs[0].shape.dimensions
      try demand(dimensions.indices.contains(axis), "axis out of range")
      dimensions[axis] = 0
      for input in inputs {
        try demand(input.shape.rank == dimensions.count, "ranks differ")
        for other in dimensions.indices where other != axis {
          try demand(input.shape[other] == dimensions[other], "extents differ")
        }
        dimensions[axis] += input.shape[axis]
      }
      return .f32(dimensions)
    case .linear(let epilogue):
      try demand(inputs.count == epilogue.operandCount, "takes \(epilogue.operandCount) operands")
      try demand(inputs[0].shape.rank >= 1, "needs rows")
      return try linearType(
        rows: Array(inputs[0].shape.dimensions.dropLast()), columns: inputs[0].shape[-1],
        inputs, epilogue)
    case .patchLinear(let view, let epilogue):
      try demand(inputs.count == epilogue.operandCount, "takes \(epilogue.operandCount) operands")
      try demand(
        view.order.sorted() == Array(view.split.indices)
          && (0...view.order.count).contains(view.rowAxisCount), "the view is no permutation")
      try demand(
        Shape(view.split).checkedElementCount == inputs[0].shape.elementCount
          && Shape(view.rows + [view.columnCount]).checkedElementCount
            == inputs[0].shape.elementCount,
        "the view does not cover the image")
      return try linearType(rows: view.rows, columns: view.columnCount, inputs, epilogue)
    case .cast:
      try demandCount(1)
      return TensorType(.bf16, inputs[0].shape)
    case .affine:
      try demandCount(3)
      try broadcast([inputs[1].shape, inputs[2].shape], to: inputs[0].shape)
      return inputs[0]
    case .normAffine:
      try demandCount(3)
      try demand(inputs[0].shape.rank >= 1, "needs a last axis")
      try broadcast([inputs[1].shape, inputs[2].shape], to: inputs[0].shape)
      return inputs[0]
    case .rmsNormScale:
      try demandCount(2)
      try demand(inputs[0].shape.rank >= 1, "needs a last axis")
      try broadcast([inputs[1].shape], to: inputs[0].shape)
      return inputs[0]
    case .groupNormAffine(let groups, _, let activation):
      try demandCount(3)
      try demand(activation?.isActivation ?? true, "the function is no activation")
      let type = try groupNormType(groups, inputs)
      try demand(
        inputs.dropFirst().allSatisfy { $0.shape == [type.shape[1]] },
        "scale and shift must be [\(type.shape[1])]")
      return type
    case .convolutionEpilogue(let convolution, let epilogue):
      try demand(inputs.count == epilogue.operandCount, "takes \(epilogue.operandCount) operands")
      return try convolutionType(convolution, epilogue, inputs)
    case .gatedAdd:
      try demandCount(3)
      try demand(inputs[0].shape == inputs[2].shape, "residual and operand differ")
      try broadcast([inputs[1].shape], to: inputs[0].shape)
      return inputs[0]
    case .attention(let heads, _):
      try demand(inputs.count == 1 || inputs.count == 3, "takes 1 or 3 operands")
      try demand((1...0xFFFF).contains(heads), "\(heads) heads are out of range")
      try demand(inputs.allSatisfy { $0.shape.rank == 3 }, "takes [batch, tokens, width]")
      var dimensions = inputs[0].shape.dimensions
      if inputs.count == 1 {
        try demand(dimensions[2] % (3 * heads) == 0, "\(heads) heads do not divide the width")
        dimensions[2] /= 3
      } else {
        let (q, k, v) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
        try demand(
          q[0] == k[0] && k[0] == v[0] && k[1] == v[1] && q[2] == k[2], "operands differ")
        try demand(q[2] % heads == 0 && v[2] % heads == 0, "\(heads) heads do not divide the width")
        dimensions[2] = v[2]
      }
      return .f32(dimensions)
    case .attentionGradient(let heads, _):
      try demandCount(4)
      let operands = Array(inputs.prefix(3))
      let result = try Op.attention(heads: heads, scale: 1).resultType(operands)
      try demand(result == inputs[3], "the gradient has not the shape of the result")
      return .f32([operands.reduce(0) { $0 + $1.shape.elementCount }])
    case .chain(let chain):
      try demand(
        !inputs.isEmpty && inputs.count <= ElementwiseChain.maximumInputCount,
        "takes 1 to \(ElementwiseChain.maximumInputCount) operands")
      try demand(
        !chain.steps.isEmpty && chain.steps.count <= ElementwiseChain.maximumStepCount,
        "takes 1 to \(ElementwiseChain.maximumStepCount) steps")
      var shapes: [Shape] = []
      func shape(_ operand: ElementwiseChain.Operand) throws(GraphError) -> Shape {
        switch operand {
        case .input(let index):
          try demand(inputs.indices.contains(index), "a step reads operand \(index)")
          return inputs[index].shape
        case .step(let index):
          try demand(shapes.indices.contains(index), "a step reads a later step \(index)")
          return shapes[index]
        }
      }
      for step in chain.steps {
        switch step {
        case .unary(_, let operand): shapes.append(try shape(operand))
        case .binary(_, let left, let right):
          guard let joined = try shape(left).broadcast(with: try shape(right)) else {
            throw fail("shapes of a step do not broadcast")
          }
          shapes.append(joined)
        }
      }
      try broadcast(inputs.map(\.shape), to: shapes[shapes.count - 1])
      return TensorType(.f32, shapes[shapes.count - 1])
    }
  }

  /// The error of operands that break a rule.
  func misfit(_ inputs: [TensorType], _ rule: String) -> GraphError {
    GraphError(
      "\(OpInfo(self).name)(\(inputs.map(\.description).joined(separator: ", "))): \(rule)")
  }

  private func linearType(
    rows: [Int], columns: Int, _ inputs: [TensorType], _ epilogue: LinearEpilogue
  ) throws(GraphError) -> TensorType {
    func demand(_ condition: Bool, _ rule: String) throws(GraphError) {
      if !condition {
        throw misfit(inputs, rule)
      }
    }
    let weight = inputs[1].shape
    try demand(weight.rank == 2 && weight[1] == columns, "the weight must be [n, \(columns)]")
    let result = Shape(rows + [weight[0]])
    var operands = inputs.dropFirst(2).map(\.shape)[...]
    if epilogue.bias, let bias = operands.popFirst() {
      try demand(bias == [weight[0]], "the bias must be [\(weight[0])]")
    }
    if epilogue.gate, let gate = operands.popFirst() {
      try demand(gate.rowGroupCount(in: result) != nil, "the gate must serve whole runs of rows")
    }
    if epilogue.residual, let residual = operands.popFirst() {
      try demand(residual.isSuffix(of: result), "the residual must be a suffix of \(result)")
    }
    return TensorType(.f32, result)
  }
}

extension Shape {
  /// How many distinct rows a broadcast operand has, when each serves an equal, consecutive run of
  /// the rows of `target` (all axes but the last); nil when it broadcasts otherwise.
  ///
  /// `[2, 1, 8]` in `[2, 5, 8]` has 2; `[8]` has 1; `[1, 5, 8]` in `[2, 5, 8]` has none.
  package func rowGroupCount(in target: Shape) -> Int? {
    guard target.rank >= 1, rank >= 1, rank <= target.rank, self[-1] == target[-1] else {
      return nil
    }
    let own = [Int](repeating: 1, count: target.rank - rank) + dimensions
    var count = 1
    var repeats = false
    for axis in 0..<(target.rank - 1) where target[axis] != 1 {
      if own[axis] == 1 {
        repeats = true
      } else if own[axis] == target[axis], !repeats {
        count *= own[axis]
      } else {
        return nil
      }
    }
    return count
  }

  /// Whether this shape, leading ones dropped, is the innermost part of `target`.
  package func isSuffix(of target: Shape) -> Bool {
    let own = Array(dimensions.drop { $0 == 1 })
    return !own.isEmpty && own.count <= target.rank
      && Array(target.dimensions.suffix(own.count)) == own
  }
}
