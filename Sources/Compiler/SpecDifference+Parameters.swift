import Diagnostics
import ModelSpec

/// How the tensors that two specs need differ.
package struct ParameterDifference: Sendable, Hashable {
  /// Tensors of one name and shape in several blocks.
  package struct Group: Sendable, Hashable {
    /// The name with the index of the block as `*`.
    package var name: String
    /// The extents before; nil where there was none.
    package var oldDimensions: [Int]?
    /// The extents after; nil where there is none.
    package var newDimensions: [Int]?
    /// The blocks, ascending; empty outside the stack.
    package var blocks: [Int]

    /// The number of tensors.
    package var count: Int { max(blocks.count, 1) }
  }

  /// What only the newer spec needs.
  package private(set) var added: [Group] = []
  /// What only the older spec needs.
  package private(set) var removed: [Group] = []
  /// What has another shape.
  package private(set) var reshaped: [Group] = []
  /// Why weights of the older spec do not load into the newer one; empty where they do.
  let obstacles: [String]

  /// Compares the parameters and buffers of two specs, in the order of the forward pass.
  ///
  /// - Complexity: Linear in the number of tensors.
  package init(from old: ModelSpec, to new: ModelSpec) {
    let oldDeclarations = old.parameterDeclarations
    let newDeclarations = new.parameterDeclarations
    let before = Dictionary(
      oldDeclarations.map { ($0.name, $0.dimensions) }, uniquingKeysWith: { $1 })
    let names = Set(newDeclarations.map(\.name))
    var added = Groups()
    var removed = Groups()
    var reshaped = Groups()
    for declaration in oldDeclarations where !names.contains(declaration.name) {
      removed.add(declaration, old: declaration.dimensions, new: nil)
    }
    for declaration in newDeclarations {
      switch before[declaration.name] {
      case nil: added.add(declaration, old: nil, new: declaration.dimensions)
      case let dimensions? where dimensions != declaration.dimensions:
        reshaped.add(declaration, old: dimensions, new: declaration.dimensions)
      case _?: break
      }
    }
    (self.added, self.removed, self.reshaped) = (added.list, removed.list, reshaped.list)

    var obstacles: [String] = []
    func count(_ groups: [Group], _ what: String) {
      let total = groups.reduce(0) { $0 + $1.count }
      if total > 0 {
        obstacles.append("\(grouped(total)) tensor\(total == 1 ? "" : "s") \(what)")
      }
    }
    count(self.added, "added")
    count(self.removed, "removed")
    count(self.reshaped, "reshaped")
    let inline = Set(new.parameters.map(\.name))
    let released = old.parameters.map(\.name).filter {
      !inline.contains($0) && names.contains($0)
    }
    if !released.isEmpty {
      obstacles.append(
        "the spec no longer holds the values of " + listed(released, limit: 3, conjunction: "and"))
    }
    if old.layout != new.layout {
      obstacles.append("weights are read in layout `\(new.layout)`, not `\(old.layout)`")
    }
    self.obstacles = obstacles
  }

  private struct Groups {
    private(set) var list: [Group] = []
    private var indices: [Group: Int] = [:]

    mutating func add(_ declaration: ParameterDeclaration, old: [Int]?, new: [Int]?) {
      let key = Group(
        name: declaration.namePattern, oldDimensions: old, newDimensions: new, blocks: [])
      let index = indices[key] ?? list.count
      if index == list.count {
        indices[key] = index
        list.append(key)
      }
      if let block = declaration.block { list[index].blocks.append(block) }
    }
  }
}

extension ModelSpec {
  /// The name map of weight files.
  fileprivate var layout: String { weights?.layout ?? "ditharos" }
}
