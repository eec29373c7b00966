import GraphIR
import ModelSpec
import Tensors

/// What the functions of lowering share: the spec, the graph so far and the values to show.
///
/// Lowering reads the canonical spec alone and knows kinds of sublayers, never families of models.
/// It emits primitive ops only.
struct LoweringContext {
  /// The spec.
  let spec: ModelSpec
  /// The number of samples made together.
  let batch: Int
  /// The class of a guided run's unconditional half; nil for the null class.
  var negativeLabel: Int?
  /// Whether the blocks after the first can be skipped.
  var skipsBlocks = false
  /// What the text encoder makes of the prompt, `[rows, length, width]`; nil without one.
  var text: ValueID?
  /// The graph so far.
  var builder: GraphBuilder
  /// The values a trace shows, in the order of the computation.
  var probes: [Probe] = []

  private let declarations: [String: ParameterDeclaration]
  private var parameters: [String: ValueID] = [:]

  /// A context for an empty graph.
  init(_ spec: ModelSpec, graph name: String, batch: Int) {
    self.spec = spec
    self.batch = batch
    builder = GraphBuilder(name: name)
    declarations = Dictionary(
      uniqueKeysWithValues: spec.parameterDeclarations.map { ($0.name, $0) })
  }

  /// The parameter of a name, declared on first use.
  ///
  /// - Throws: `GraphError` when the spec declares no such parameter.
  mutating func parameter(_ name: String) throws(GraphError) -> ValueID {
    if let value = parameters[name] { return value }
    guard let declaration = declarations[name] else {
      throw GraphError("no parameter \(name) is declared", origin: builder.origin)
    }
    let outer = builder.origin
    builder.origin = Origin(declaration.path, block: declaration.block)
    let value = builder.parameter(name, declaration.dimensions)
    builder.origin = outer
    parameters[name] = value
    return value
  }

  /// Runs a body whose nodes come from the given spec key.
  mutating func at<Result>(
    _ path: String, block: Int? = nil,
    _ body: (inout LoweringContext) throws(GraphError) -> Result
  ) throws(GraphError) -> Result {
    let outer = builder.origin
    builder.origin = Origin(path, block: block)
    defer { builder.origin = outer }
    return try body(&self)
  }

  /// `x · weightᵀ + bias` with the parameters `name.weight` and `name.bias`.
  mutating func linear(_ name: String, _ x: ValueID) throws(GraphError) -> ValueID {
    let product = try builder.matmul(x, parameter(name + ".weight"), transposeB: true)
    return try builder.add(product, parameter(name + ".bias"))
  }

  /// The activation of a value.
  mutating func activate(
    _ activation: Activation, _ x: ValueID
  ) throws(GraphError) -> ValueID {
    switch activation {
    case .none: x
    case .relu: try builder.unary(.relu, x)
    case .gelu: try builder.unary(.gelu, x)
    case .geluTanh: try builder.unary(.geluTanh, x)
    case .silu: try builder.unary(.silu, x)
    }
  }

  /// Notes a value for traces.
  mutating func probe(
    _ role: Role, _ name: String, _ value: ValueID, _ layout: Probe.Layout,
    _ equation: [Probe.Term] = []
  ) {
    probes.append(
      Probe(
        role: role, name: name, value: value, layout: layout, equation: equation,
        block: builder.origin.block))
  }

  /// Notes the parameters of a linear layer for traces.
  ///
  /// - Returns: The equation of the layer's result.
  mutating func probeParameters(
    _ role: Role, of name: String, _ x: ValueID, _ layout: Probe.Layout
  ) throws(GraphError) -> [Probe.Term] {
    let (weight, bias) = (try parameter(name + ".weight"), try parameter(name + ".bias"))
    probe(role, "weight", weight, .matrix)
    probe(role, "bias", bias, .vector)
    return [
      .value(weight, .matrix), .sign("·"), .value(x, layout), .sign("+"), .value(bias, .column),
    ]
  }
}
