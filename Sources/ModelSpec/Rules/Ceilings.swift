import Diagnostics

/// What no model may exceed.
package enum Ceiling {
  /// Parameters of a model.
  package static let parameters = 100_000_000_000
  /// Nodes of a graph.
  package static let graphNodes = 1_000_000
  /// Tokens of a latent.
  package static let tokens = 1 << 20
  /// Values of a picture, a video, a latent, or of a layer of an autoencoder.
  package static let elements = 1 << 30
}

extension ModelSpec {
  /// The number of parameters, computed without declaring each; nil when it overflows.
  ///
  /// - Complexity: Linear in the number of block groups.
  package var checkedParameterCount: Int? {
    var total = 0
    for part in parameterParts {
      let (sum, overflow) = total.addingReportingOverflow(part.count ?? Int.max)
      if overflow || part.count == nil { return nil }
      total = sum
    }
    return total
  }

  /// The part with the most parameters, as its path and their number; nil without parameters.
  package var largestPart: (path: String, count: Int)? {
    var parts: [(path: String, count: Int)] = []
    for (path, count) in parameterParts {
      let index = parts.firstIndex { $0.path == path } ?? parts.count
      if index == parts.count { parts.append((path, 0)) }
      let (sum, overflow) = parts[index].count.addingReportingOverflow(count ?? Int.max)
      parts[index].count = overflow ? Int.max : sum
    }
    return parts.max { $0.count < $1.count }
  }

  /// Parameters by the key responsible, a path more than once.
  ///
  /// Of a group of equal blocks they are those of one block times the number of blocks. A count
  /// is nil when it overflows.
  private var parameterParts: [(path: String, count: Int?)] {
    var single = self
    let repeats = denoiser?.blocks.map(\.repeatCount) ?? []
    for index in repeats.indices { single.denoiser?.blocks[index].repeatCount = 1 }
    return single.parameterDeclarations.filter { !$0.isBuffer }.map { declaration in
      var count: Int? = 1
      let factor = declaration.block.map { repeats[$0] } ?? 1
      for extent in declaration.dimensions + [factor] {
        let product = count?.multipliedReportingOverflow(by: extent)
        count = product.flatMap { $0.overflow ? nil : $0.partialValue }
      }
      return (declaration.path, count)
    }
  }

  /// The values of the largest layer of a convolutional autoencoder, over one tile where it has
  /// tiles; nil without one.
  package var autoencoderElementCount: Int? {
    guard let pixels, let autoencoder else { return nil }
    // Extents and widths are at most 2^16, so their products fit.
    let tile = autoencoder.unit(of: pixels)
    let area = tile.height * tile.width
    switch autoencoder.layers {
    case .linear: return nil
    case .kl(let layers):
      // The decoder enters a level with the width of the one before it.
      let widths = layers.levelChannels
      return widths.indices.map { level in
        max(widths[level], widths[min(level + 1, widths.count - 1)]) * (area >> (2 * level))
      }.max()
    case .tiny(let layers): return layers.channels * area
    }
  }

  /// An upper estimate of the nodes of the primitive graph.
  var nodeEstimate: Int {
    (denoiser?.blocks ?? []).reduce(200 + 60 * (textEncoder?.depth ?? 0)) { total, group in
      total + group.repeatCount * (8 + 30 * group.sublayers.count)
    }
  }
}

extension SpecDecoder {
  /// Checks the ceilings; false when shapes are unknown or too large
  /// to be listed.
  mutating func checkCeilings(of spec: ModelSpec) -> Bool {
    guard invalid.allSatisfy(leavesShapesKnown) else { return false }
    if let denoiser = spec.denoiser, !checkSize(of: denoiser, spec) { return false }
    guard checkParameters(of: spec) else { return false }
    return true
  }

  /// Whether no shape depends on a canonical path.
  private func leavesShapesKnown(_ path: String) -> Bool {
    let parts = path.split(separator: ".")
    let last = parts.last ?? ""
    if path.hasPrefix("diffusion") { return last != "diffusion" && last != "variance" }
    return ["name", "training", "example", "weights", "limits", "parameters"].contains(parts[0])
      || ["heads", "epsilon", "activation", "residual", "interpolation_scale"].contains(last)
  }

  private mutating func checkSize(of denoiser: Denoiser, _ spec: ModelSpec) -> Bool {
    // Extents are at most 2^16, so their product fits.
    if denoiser.tokenCount > Ceiling.tokens {
      report(
        SpecRules.tokenCeiling,
        "the latent has \(grouped(denoiser.tokenCount)) tokens, more than "
          + "\(grouped(Ceiling.tokens))", help: "choose larger patches", at: "patch_size",
        related: [("latent", "the latent is set here")])
      return false
    }
    let path = "blocks[0].repeat"
    if denoiser.depth > Grammar.largestDepth {
      report(
        SpecRules.graphCeiling,
        "the stack has \(grouped(denoiser.depth)) blocks, more than "
          + grouped(Grammar.largestDepth), at: path)
      return false
    }
    if spec.nodeEstimate > Ceiling.graphNodes {
      report(
        SpecRules.graphCeiling,
        "the stack makes a graph of about \(grouped(spec.nodeEstimate)) nodes, more than "
          + grouped(Ceiling.graphNodes), at: path)
      return false
    }
    return true
  }

  private mutating func checkParameters(of spec: ModelSpec) -> Bool {
    let count = spec.checkedParameterCount
    if let count, count <= Ceiling.parameters { return true }
    let path = pathToBlame(spec)
    report(
      SpecRules.parameterCeiling,
      "the model has \(count.map(grouped) ?? "more than 10^18") parameters, more than "
        + grouped(Ceiling.parameters),
      help: spec.largestPart.map { "the largest part is `\($0.path)`" }, at: path,
      related: path == "latent_dim" || spec.denoiser == nil
        ? [] : [("latent_dim", "the width of a token is set here")])
    return false
  }

  /// The key whose least value would keep the ceiling.
  private func pathToBlame(_ spec: ModelSpec) -> String {
    var single = spec
    for index in single.denoiser?.blocks.indices ?? 0..<0 {
      single.denoiser?.blocks[index].repeatCount = 1
    }
    if let count = single.checkedParameterCount, count <= Ceiling.parameters {
      return "blocks[0].repeat"
    }
    let path = single.largestPart?.path ?? ""
    return path.hasPrefix("blocks") || path == "conditioning.modulation" || path == "final_layer"
      ? "latent_dim" : path
  }
}

/// A whole number with commas between groups of three digits.
package func grouped(_ value: Int) -> String {
  var groups: [Substring] = []
  var digits = String(value.magnitude)[...]
  while digits.count > 3 {
    groups.insert(digits.suffix(3), at: 0)
    digits = digits.dropLast(3)
  }
  groups.insert(digits, at: 0)
  return (value < 0 ? "-" : "") + groups.joined(separator: ",")
}
