import Tensors

/// The parts of an op in text, before they are put together.
struct OpText {
  /// An attribute and where it stands.
  struct Attribute {
    var value: AttributeValue?
    var place: GraphTextError
  }

  /// The name of the op.
  var name: String
  /// Where the op stands.
  var place: GraphTextError
  /// Names after `@`, of sources.
  var names: [String] = []
  /// The kind of a table.
  var kind: String?
  /// The elements of a literal.
  var elements: [AttributeValue]?
  /// The digest of a literal.
  var digest: UInt64?
  /// Attributes by name; those read are removed.
  var attributes: [String: Attribute] = [:]

  init(name: String, place: GraphTextError) {
    self.name = name
    self.place = place
  }

  /// A decimal integer of bounded magnitude.
  static func integer(_ text: String) -> Int? {
    guard let value = Int(text), value.magnitude <= GraphVerifier.maximumElementCount else {
      return nil
    }
    return value
  }

  /// The op, for a result of the declared type.
  ///
  /// - Throws: `GraphTextError` for an unknown op, an unknown, missing or wrong attribute, or a
  ///   literal that does not fit the type.
  func op(
    type: TensorType, literals: [UInt64: Tensor]
  ) throws(GraphTextError) -> Op {
    var text = self
    let op = try text.takeOp(type: type, literals: literals)
    if let (name, attribute) = text.attributes.min(by: { $0.key < $1.key }) {
      throw error("\(self.name) has no attribute '\(name)'", at: attribute.place)
    }
    if !text.names.isEmpty || text.kind != nil || text.elements != nil || text.digest != nil {
      throw error("\(name) takes operands only")
    }
    return op
  }

  private mutating func takeOp(
    type: TensorType, literals: [UInt64: Tensor]
  ) throws(GraphTextError) -> Op {
    switch name {
    case "input": return .input(try takeName())
    case "state": return .state(try takeName())
    case "parameter":
      if names.isEmpty { throw error("expected a name, as in @latent") }
      defer { names = [] }
      return .parameter(names)
    case "constant": return .constant(try takeTensor(type, literals))
    case "table": return .table(try takeTable())
    case "step_row": return .stepRow
    case "matmul":
      return .matmul(
        transposeA: try takeFlag("transpose_a"), transposeB: try takeFlag("transpose_b"))
    case "softmax": return .softmax
    case "layer_norm": return .layerNorm(epsilon: try takeDouble("epsilon"))
    case "rms_norm": return .rmsNorm(epsilon: try takeDouble("epsilon"))
    case "group_norm":
      return .groupNorm(groups: try takeInteger("groups"), epsilon: try takeDouble("epsilon"))
    case "convolution": return .convolution(try takeConvolution())
    case "upsample": return .upsample(factor: try takeInteger("factor"))
    case "gather": return .gather
    case "reshape": return .reshape(type.shape.dimensions)
    case "broadcast": return .broadcast(type.shape.dimensions)
    case "permute": return .permute(try takeIntegers("axes"))
    case "slice":
      return .slice(
        axis: try takeInteger("axis"), start: try takeInteger("start"),
        count: try takeInteger("count"))
    case "concat": return .concat(axis: try takeInteger("axis"))
    case "linear": return .linear(try takeEpilogue())
    case "patch_linear": return .patchLinear(try takeView(), try takeEpilogue())
    case "affine": return .affine
    case "norm_affine": return .normAffine(epsilon: try takeDouble("epsilon"))
    case "rms_norm_scale": return .rmsNormScale(epsilon: try takeDouble("epsilon"))
    case "group_norm_affine":
      return .groupNormAffine(
        groups: try takeInteger("groups"), epsilon: try takeDouble("epsilon"),
        activation: try takeActivation())
    case "convolution_epilogue":
      return .convolutionEpilogue(try takeConvolution(), try takeEpilogue())
    case "cast": return .cast
    case "gated_add": return .gatedAdd
    case "softmax_gradient": return .softmaxGradient
    case "attention_gradient":
      return .attentionGradient(heads: try takeInteger("heads"), scale: try takeDouble("scale"))
    case "norm_gradient":
      return .normGradient(
        epsilon: try takeDouble("epsilon"), scale: try takeFlag("scale"),
        residual: try takeFlag("residual"))
    case "reduce_product": return .reduceProduct(axes: try takeIntegers("axes"))
    case "attention":
      return .attention(heads: try takeInteger("heads"), scale: try takeDouble("scale"))
    case "chain": return .chain(try takeChain())
    default:
      if let function = UnaryOp(rawValue: name) { return .unary(function) }
      if let function = BinaryOp(rawValue: name) { return .binary(function) }
      for function in ReduceOp.allCases where name == "reduce_\(function.rawValue)" {
        return .reduce(function, axes: try takeIntegers("axes"))
      }
      throw error("unknown op '\(name)'")
    }
  }
}

// MARK: - Parts of ops

extension OpText {
  private mutating func takeName() throws(GraphTextError) -> String {
    guard names.count == 1 else { throw error("\(name) takes one name, as in @latent") }
    return names.removeLast()
  }

  private mutating func takeTensor(
    _ type: TensorType, _ literals: [UInt64: Tensor]
  ) throws(GraphTextError) -> Tensor {
    if let digest {
      self.digest = nil
      guard let tensor = literals[digest] else { throw error("the literal is not given") }
      guard tensor.type == type else {
        throw error("the literal is a \(tensor.type), not a \(type)")
      }
      return tensor
    }
    guard let elements else { throw error("expected the elements of a literal") }
    self.elements = nil
    guard elements.count == type.shape.elementCount else {
      throw error("\(elements.count) elements do not make a \(type)")
    }
    var values: [Float] = []
    for element in elements {
      guard let value = Self.float(element) else {
        throw error("'\(element.text)' is not a number")
      }
      if type.dtype != .f32, value.rounded() != value || value.magnitude >= 0x1p24 {
        throw error("'\(element.text)' is not an integer below 2^24")
      }
      values.append(value)
    }
    return Tensor(type, values)
  }

  private static func float(_ element: AttributeValue) -> Float? {
    switch element {
    case .word("inf"): return .infinity
    case .word("nan"): return .nan
    case .number("-inf"): return -.infinity
    case .number(let text):
      guard let value = Float(text), value.isFinite else { return nil }
      return value
    case .word, .list, .call, .operand, .step: return nil
    }
  }

  private mutating func takeTable() throws(GraphTextError) -> Table {
    defer { kind = nil }
    switch kind {
    case "frequencies":
      return .frequencies(
        count: try takeInteger("count"), denominator: try takeDouble("denominator"),
        maximumPeriod: try takeDouble("maximum_period"))
    case "sincos":
      var parts: [SincosTable.Part] = []
      for part in try takeList("parts") {
        guard case .list(let entries) = part, entries.count == 3,
          let axis = Self.integer(entries[0]), let width = Self.integer(entries[1]),
          let scale = Self.double(entries[2])
        else { throw error("a part is [axis, width, position scale]") }
        parts.append(SincosTable.Part(axis: axis, width: width, positionScale: scale))
      }
      return .sincos(
        SincosTable(
          grid: try takeIntegers("grid"), parts: parts,
          maximumPeriod: try takeDouble("maximum_period")))
    default:
      throw error("a table is 'frequencies' or 'sincos'")
    }
  }

  private mutating func takeEpilogue() throws(GraphTextError) -> LinearEpilogue {
    LinearEpilogue(
      bias: try takeFlag("bias"), activation: try takeActivation(), gate: try takeFlag("gate"),
      residual: try takeFlag("residual"))
  }

  private mutating func takeActivation() throws(GraphTextError) -> UnaryOp? {
    guard let attribute = attributes.removeValue(forKey: "activation") else { return nil }
    guard case .word(let word) = attribute.value, let function = UnaryOp(rawValue: word) else {
      throw error("unknown activation", at: attribute.place)
    }
    return function
  }

  private mutating func takeConvolution() throws(GraphTextError) -> Convolution {
    Convolution(stride: try takeIntegers("stride"), padding: try takeIntegers("padding"))
  }

  private mutating func takeView() throws(GraphTextError) -> PatchView {
    PatchView(
      split: try takeIntegers("split"), order: try takeIntegers("order"),
      rowAxisCount: try takeInteger("row_axis_count"), rows: try takeIntegers("rows"))
  }

  private mutating func takeChain() throws(GraphTextError) -> ElementwiseChain {
    var steps: [ElementwiseChain.Step] = []
    for value in try takeList("steps") {
      guard case .call(let function, let arguments) = value else {
        throw error("a step is a call, as in add($0, #1)")
      }
      let operands = arguments.compactMap(Self.operand)
      if let unary = UnaryOp(rawValue: function), arguments.count == 1, operands.count == 1 {
        steps.append(.unary(unary, operands[0]))
      } else if let binary = BinaryOp(rawValue: function), arguments.count == 2,
        operands.count == 2
      {
        steps.append(.binary(binary, operands[0], operands[1]))
      } else {
        throw error("'\(value.text)' is no element-wise step")
      }
    }
    return ElementwiseChain(steps)
  }

  private static func operand(_ value: AttributeValue) -> ElementwiseChain.Operand? {
    switch value {
    case .operand(let index): .input(index)
    case .step(let index): .step(index)
    case .number, .word, .list, .call: nil
    }
  }
}

// MARK: - Attributes by type

extension OpText {
  private func error(_ message: String, at place: GraphTextError? = nil) -> GraphTextError {
    let place = place ?? self.place
    return GraphTextError(line: place.line, column: place.column, message: message)
  }

  private static func integer(_ value: AttributeValue) -> Int? {
    guard case .number(let text) = value else { return nil }
    return integer(text)
  }

  private static func double(_ value: AttributeValue) -> Double? {
    guard case .number(let text) = value, let number = Double(text), number.isFinite else {
      return nil
    }
    return number
  }

  private mutating func take<Value>(
    _ name: String, _ kind: String, _ read: (AttributeValue) -> Value?
  ) throws(GraphTextError) -> Value {
    guard let attribute = attributes.removeValue(forKey: name) else {
      throw error("\(self.name) needs the attribute '\(name)'")
    }
    guard let value = attribute.value, let result = read(value) else {
      throw error("'\(name)' must be \(kind)", at: attribute.place)
    }
    return result
  }

  private mutating func takeFlag(_ name: String) throws(GraphTextError) -> Bool {
    guard let attribute = attributes.removeValue(forKey: name) else { return false }
    if attribute.value != nil { throw error("'\(name)' takes no value", at: attribute.place) }
    return true
  }

  private mutating func takeInteger(_ name: String) throws(GraphTextError) -> Int {
    try take(name, "an integer", Self.integer)
  }

  private mutating func takeDouble(_ name: String) throws(GraphTextError) -> Double {
    try take(name, "a finite number", Self.double)
  }

  private mutating func takeList(_ name: String) throws(GraphTextError) -> [AttributeValue] {
    try take(name, "a list") { value in
      if case .list(let values) = value { values } else { nil }
    }
  }

  private mutating func takeIntegers(_ name: String) throws(GraphTextError) -> [Int] {
    try take(name, "a list of integers") { value in
      guard case .list(let values) = value else { return nil }
      let integers = values.compactMap(Self.integer)
      return integers.count == values.count ? integers : nil
    }
  }
}
