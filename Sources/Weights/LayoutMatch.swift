import Tensors

/// A parameter that a model needs.
package struct WantedParameter: Sendable, Hashable {
  /// The name, as in `blocks.0.modulation.weight`.
  package var name: String
  /// The extents; matrices are `[out, in]`.
  package var dimensions: [Int]

  /// A parameter.
  package init(name: String, dimensions: [Int]) {
    self.name = name
    self.dimensions = dimensions
  }
}

/// What a layout makes of the tensors of a file for a list of parameters.
struct LayoutMatch {
  /// A parameter whose tensor the file repeats.
  struct Copies {
    var parameter: String
    var views: [TensorView]
    var unequalHelp: String
  }

  /// The tensor of each parameter found.
  var views: [String: TensorView] = [:]
  /// Repeated tensors, all of which must be equal.
  var copies: [Copies] = []
  /// Parameters that the layout has no name for.
  var unmapped: [String] = []
  /// Tensors, by their names in the file, that parameters need and the file has not.
  var missing: [String] = []
  /// Tensors of the file that no parameter needs.
  var extra: [String] = []
  /// Tensors whose extents are not those of the parameter, with both.
  var misshapen: [(name: String, found: [Int], wanted: [Int])] = []
  /// Tensors whose elements are no floating-point numbers.
  var mistyped: [(name: String, dtype: DType)] = []

  /// Whether the file fills every parameter and holds nothing else.
  var fits: Bool { problemCount == 0 }

  /// The number of names that do not fit.
  var problemCount: Int {
    unmapped.count + missing.count + extra.count + misshapen.count + mistyped.count
  }

  /// Finds the tensor of every parameter.
  ///
  /// - Parameters:
  ///   - tensors: The tensors of a file.
  ///   - prefix: What stands before every name in the file.
  ///   - optional: Parameters that have a value without the file; their tensors may be missing.
  /// - Complexity: Linear in tensors and parameters, times the entries of the layout.
  init(
    _ wanted: [WantedParameter], in tensors: [TensorView], layout: WeightLayout,
    prefix: String = "", optional: Set<String> = []
  ) {
    var byName: [String: TensorView] = [:]
    for view in tensors where view.name.hasPrefix(prefix) {
      byName[String(view.name.dropFirst(prefix.count))] = view
    }
    let repeated = Self.repeatedTensors(byName, tensors, layout, prefix: prefix)
    var used: Set<String> = []
    for parameter in wanted {
      let isOptional = optional.contains(parameter.name)
      guard let (entry, bindings) = layout.entry(for: parameter.name) else {
        if !isOptional { unmapped.append(parameter.name) }
        continue
      }
      let name = entry.tensor.substitute(bindings)
      let found = repeated[name] ?? byName[name].map { [$0] } ?? []
      used.formUnion(found.map(\.name))
      if isOptional { continue }
      guard let first = found.first else {
        missing.append(prefix + name)
        continue
      }
      for view in found { check(view, for: parameter, mergesAxes: entry.mergesAxes) }
      views[parameter.name] = first
      if found.count > 1, let help = entry.unequalHelp {
        copies.append(Copies(parameter: parameter.name, views: found, unequalHelp: help))
      }
    }
    extra = tensors.map(\.name).filter { name in
      !used.contains(name) && !layout.ignored.contains { $0.matches(name) }
    }
  }

  /// The copies of each repeated tensor by its name with `{block}` in it, in the order of blocks.
  private static func repeatedTensors(
    _ byName: [String: TensorView], _ tensors: [TensorView], _ layout: WeightLayout, prefix: String
  ) -> [String: [TensorView]] {
    var groups: [String: [(block: Int, view: TensorView)]] = [:]
    for entry in layout.entries where entry.unequalHelp != nil {
      for view in tensors where view.name.hasPrefix(prefix) {
        guard var bindings = entry.tensor.match(String(view.name.dropFirst(prefix.count))) else {
          continue
        }
        let block = bindings.removeValue(forKey: .block).flatMap { Int($0) } ?? 0
        groups[entry.tensor.substitute(bindings), default: []].append((block, view))
      }
    }
    return groups.mapValues { group in group.sorted { $0.block < $1.block }.map(\.view) }
  }

  private mutating func check(
    _ view: TensorView, for parameter: WantedParameter, mergesAxes: Bool
  ) {
    let fits =
      mergesAxes
      ? mergeAxes(view.dimensions, to: parameter.dimensions)
      : view.dimensions == parameter.dimensions
    if !fits { misshapen.append((view.name, view.dimensions, parameter.dimensions)) }
    if !view.dtype.isFloatingPoint { mistyped.append((view.name, view.dtype)) }
  }
}

/// Whether merging neighbouring axes, such as [D, C, p, p] to [D, C p p], gives the extents.
func mergeAxes(_ dimensions: [Int], to merged: [Int]) -> Bool {
  var rest = dimensions[...]
  for extent in merged {
    guard var product = rest.popFirst() else { return false }
    while product < extent, let next = rest.popFirst() {
      let (value, overflow) = product.multipliedReportingOverflow(by: next)
      if overflow { return false }
      product = value
    }
    if product != extent { return false }
  }
  return rest.allSatisfy { $0 == 1 }
}
