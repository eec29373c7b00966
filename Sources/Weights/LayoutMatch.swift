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

/// What a layout makes of the tensors of files for a list of parameters.
struct LayoutMatch {
  /// A parameter whose tensor the files repeat.
  struct Copies {
    var parameter: String
    var views: [TensorView]
    var unequalHelp: String
  }

  /// What fills each parameter found.
  var tensors: [String: ParameterTensor] = [:]
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

  /// Finds the tensors of every parameter.
  ///
  /// - Parameters:
  ///   - files: The tensors at hand.
  ///   - prefix: What stands before every name of a file.
  ///   - optional: Parameters that have a value without the files; their tensors may be missing.
  /// - Complexity: Linear in tensors and parameters, times the entries of the layout.
  init(
    _ wanted: [WantedParameter], in files: WeightFiles, layout: WeightLayout,
    prefix: String = "", optional: Set<String> = []
  ) {
    func fullPrefix(_ entry: WeightLayout.Entry) -> String {
      (files.isPipeline ? entry.component + "/" : "") + prefix
    }
    let byName = Dictionary(files.tensors.map { ($0.name, $0) }) { first, _ in first }
    let repeated = Self.repeatedTensors(files.tensors, layout, prefix: fullPrefix)
    var used: Set<String> = []
    var usedParts: [String: Set<TensorPart>] = [:]
    var absent: Set<String> = []
    for parameter in wanted {
      let isOptional = optional.contains(parameter.name)
      guard let (entry, bindings) = layout.entry(for: parameter.name) else {
        if !isOptional { unmapped.append(parameter.name) }
        continue
      }
      var names = entry.tensors.map { fullPrefix(entry) + $0.substitute(bindings) }
      if let former = entry.formerTensor, byName[names[0]] == nil {
        let name = fullPrefix(entry) + former.substitute(bindings)
        if byName[name] != nil { names = [name] }
      }
      let found = names.map { name in repeated[name] ?? byName[name].map { [$0] } ?? [] }
      for view in found.joined() {
        if let part = entry.part {
          usedParts[view.name, default: []].insert(part)
        } else {
          used.insert(view.name)
        }
      }
      if isOptional { continue }
      let lacking = zip(names, found).filter { $0.1.isEmpty }.map(\.0)
      missing += lacking.filter { absent.insert($0).inserted }
      if lacking.isEmpty { add(found, for: parameter, entry) }
    }
    for (name, parts) in usedParts where parts.count == parts.first?.count { used.insert(name) }
    extra = files.tensors.map(\.name).filter { name in
      let own = files.ownName(of: name)
      return !used.contains(name) && !layout.ignored.contains { $0.matches(own) }
    }
  }

  /// The copies of each repeated tensor by its name with `{block}` in it, in the order of blocks.
  static func repeatedTensors(
    _ tensors: [TensorView], _ layout: WeightLayout, prefix: (WeightLayout.Entry) -> String
  ) -> [String: [TensorView]] {
    var groups: [String: [(block: Int, view: TensorView)]] = [:]
    for entry in layout.entries where entry.unequalHelp != nil {
      let prefix = prefix(entry)
      for template in entry.tensors {
        for view in tensors where view.name.hasPrefix(prefix) {
          guard var bindings = template.match(String(view.name.dropFirst(prefix.count))) else {
            continue
          }
          let block = bindings.removeValue(forKey: .block).flatMap { Int($0) } ?? 0
          groups[prefix + template.substitute(bindings), default: []].append((block, view))
        }
      }
    }
    return groups.mapValues { group in group.sorted { $0.block < $1.block }.map(\.view) }
  }

  /// Takes the first of each list of equal tensors for a parameter.
  private mutating func add(
    _ found: [[TensorView]], for parameter: WantedParameter, _ entry: WeightLayout.Entry
  ) {
    for view in found.joined() where !view.dtype.isFloatingPoint {
      mistyped.append((view.name, view.dtype))
    }
    for copy in 0..<(found.map(\.count).max() ?? 0) {
      let views = found.map { $0[min(copy, $0.count - 1)] }
      let combined = entry.combine(views)
      let fits =
        combined.map {
          entry.mergesAxes
            ? mergeAxes($0.dimensions, to: parameter.dimensions)
            : $0.dimensions == parameter.dimensions
        } ?? false
      if !fits, let first = views.first {
        misshapen.append(
          (first.name, combined?.dimensions ?? first.dimensions, parameter.dimensions))
      }
      if copy == 0 { tensors[parameter.name] = combined?.tensor }
    }
    for views in found where views.count > 1 {
      copies.append(
        Copies(parameter: parameter.name, views: views, unequalHelp: entry.unequalHelp ?? ""))
    }
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
