import Tensors

/// Writes the text form of graphs: one node a line, the same bytes on every machine.
package enum GraphPrinter {
  /// The text form of a graph; `GraphParser.parse` gives the same graph back.
  ///
  /// - Precondition: The graph passes `GraphVerifier`.
  package static func print(_ graph: Graph) -> GraphText {
    var result = GraphText(text: "graph \(name(graph.name)) {\n")
    for (index, node) in graph.nodes.enumerated() {
      result.text += "  %\(index) = \(OpInfo(node.op).name)"
      let payload = payload(of: node.op, &result.literals)
      if !payload.isEmpty { result.text += " \(payload)" }
      if !node.inputs.isEmpty {
        result.text += " " + node.inputs.map(\.description).joined(separator: ", ")
      }
      let attributes = node.op.attributes
      if !attributes.isEmpty {
        let texts = attributes.map { name, value in value.map { "\(name) = \($0.text)" } ?? name }
        result.text += " {\(texts.joined(separator: ", "))}"
      }
      result.text += " : \(node.type)"
      if let origin = origin(node.origin) { result.text += " ; \(origin)" }
      result.text += "\n"
    }
    let outputs = graph.outputs.map {
      ($0.isState ? " state " : " ") + "\(name($0.name)) \($0.value)"
    }
    result.text += "  return\(outputs.joined(separator: ","))\n}\n"
    return result
  }

  /// What stands between an op's name and its operands.
  private static func payload(of op: Op, _ literals: inout [UInt64: Tensor]) -> String {
    switch op {
    case .input(let name), .state(let name): return Self.name(name)
    case .parameter(let parts): return parts.map(name).joined(separator: " ++ ")
    case .constant(let tensor):
      if tensor.values.count <= GraphText.maximumInlineCount {
        return "[\(tensor.values.map(\.shortestText).joined(separator: ", "))]"
      }
      var digest = tensor.digest
      while let other = literals[digest], !other.isIdentical(to: tensor) { digest &+= 1 }
      literals[digest] = tensor
      return "digest:\(hexadecimal(digest))"
    case .table(.frequencies): return "frequencies"
    case .table(.sincos): return "sincos"
    case .stepRow, .matmul, .unary, .binary, .softmax, .layerNorm, .reduce, .gather, .reshape,
      .broadcast, .permute, .slice, .concat, .cast, .linear, .patchLinear, .affine, .normAffine,
      .gatedAdd, .attention, .chain, .rmsNorm, .groupNorm, .convolution, .upsample, .rmsNormScale,
      .groupNormAffine, .softmaxGradient, .normGradient, .reduceProduct, .attentionGradient,
      .convolutionEpilogue:
      return ""
    }
  }

  private static func hexadecimal(_ digest: UInt64) -> String {
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func name(_ name: String) -> String { "@" + quotedIfNeeded(name) }

  private static func origin(_ origin: Origin) -> String? {
    let path = origin.path.isEmpty ? "" : quotedIfNeeded(origin.path)
    let text = origin.block.map { "\(path)@\($0)" } ?? path
    return text.isEmpty ? nil : text
  }

  private static func quotedIfNeeded(_ text: String) -> String {
    if !text.isEmpty, text.unicodeScalars.allSatisfy(GraphLexer.isBare) { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\u{20}"..."\u{7E}": quoted.unicodeScalars.append(scalar)
      default: quoted += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    return quoted + "\""
  }
}

extension Op {
  /// The attributes in text, sorted by name; a flag has no value.
  var attributes: [(name: String, value: AttributeValue?)] {
    switch self {
    case .input, .state, .parameter, .constant, .stepRow, .unary, .binary, .softmax, .gather,
      .softmaxGradient,
      .reshape, .broadcast, .affine, .gatedAdd, .cast:
      return []
    case .table(.frequencies(let count, let denominator, let maximumPeriod)):
      return [
        ("count", .number(count)), ("denominator", .number(denominator)),
        ("maximum_period", .number(maximumPeriod)),
      ]
    case .table(.sincos(let table)):
      let parts = table.parts.map { part in
        AttributeValue.list([.number(part.axis), .number(part.width), .number(part.positionScale)])
      }
      return [
        ("grid", .integers(table.grid)), ("maximum_period", .number(table.maximumPeriod)),
        ("parts", .list(parts)),
      ]
    case .matmul(let transposeA, let transposeB):
      return (transposeA ? [("transpose_a", nil)] : []) + (transposeB ? [("transpose_b", nil)] : [])
    case .layerNorm(let epsilon), .normAffine(let epsilon), .rmsNorm(let epsilon),
      .rmsNormScale(let epsilon):
      return [("epsilon", .number(epsilon))]
    case .groupNorm(let groups, let epsilon):
      return [("epsilon", .number(epsilon)), ("groups", .number(groups))]
    case .groupNormAffine(let groups, let epsilon, let activation):
      return LinearEpilogue(activation: activation).attributes
        + [("epsilon", .number(epsilon)), ("groups", .number(groups))]
    case .convolution(let convolution):
      return convolution.attributes
    case .convolutionEpilogue(let convolution, let epilogue):
      return (convolution.attributes + epilogue.attributes).sorted { $0.name < $1.name }
    case .upsample(let factor):
      return [("factor", .number(factor))]
    case .normGradient(let epsilon, let scale, let residual):
      return [("epsilon", .number(epsilon))] + (residual ? [("residual", nil)] : [])
        + (scale ? [("scale", nil)] : [])
    case .reduce(_, let axes), .permute(let axes), .reduceProduct(let axes):
      return [("axes", .integers(axes))]
    case .slice(let axis, let start, let count):
      return [("axis", .number(axis)), ("count", .number(count)), ("start", .number(start))]
    case .concat(let axis):
      return [("axis", .number(axis))]
    case .linear(let epilogue):
      return epilogue.attributes
    case .patchLinear(let view, let epilogue):
      return
        (epilogue.attributes + [
          ("order", .integers(view.order)), ("row_axis_count", .number(view.rowAxisCount)),
          ("rows", .integers(view.rows)), ("split", .integers(view.split)),
        ]).sorted { $0.name < $1.name }
    case .attention(let heads, let scale), .attentionGradient(let heads, let scale):
      return [("heads", .number(heads)), ("scale", .number(scale))]
    case .chain(let chain):
      return [("steps", .list(chain.steps.map(\.attribute)))]
    }
  }
}

extension Convolution {
  fileprivate var attributes: [(name: String, value: AttributeValue?)] {
    [("padding", .integers(padding)), ("stride", .integers(stride))]
  }
}

extension LinearEpilogue {
  fileprivate var attributes: [(name: String, value: AttributeValue?)] {
    var attributes: [(name: String, value: AttributeValue?)] = []
    if let activation { attributes.append(("activation", .word(activation.rawValue))) }
    if bias { attributes.append(("bias", nil)) }
    if gate { attributes.append(("gate", nil)) }
    if residual { attributes.append(("residual", nil)) }
    return attributes
  }
}

extension ElementwiseChain.Step {
  fileprivate var attribute: AttributeValue {
    func operand(_ operand: ElementwiseChain.Operand) -> AttributeValue {
      switch operand {
      case .input(let index): .operand(index)
      case .step(let index): .step(index)
      }
    }
    return switch self {
    case .unary(let function, let x): .call(function.rawValue, [operand(x)])
    case .binary(let function, let a, let b):
      .call(function.rawValue, [operand(a), operand(b)])
    }
  }
}
