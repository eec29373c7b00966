import Diagnostics
import Tensors

/// The values of a model's parameters, produced one parameter at a time.
///
/// A value comes from the spec, from a file through a layout, or from a random generator; the
/// spec's wins over the file's.
package struct ParameterSource: Sendable {
  private enum Origin: Sendable {
    case inline(Tensor)
    case file(ParameterTensor)
    case compiled(elementCount: Int)
    case random(RandomParameters, dimensions: [Int])
  }

  private var origins: [String: Origin] = [:]
  private var compiledFile: CompiledFile?

  /// The precision of the values: that of a compiled model, else full.
  package var precision: Precision { compiledFile?.precision ?? .f32 }

  /// What tells weights apart: the checksum of the beginning and the end of every tensor that comes
  /// from a file, or of a compiled model's checksums; nil where no file gives values.
  ///
  /// Reading all bytes would take as long as loading them. Two trainings differ in every tensor.
  package var fingerprint: UInt64? {
    if let compiledFile { return compiledFile.checksum }
    var bytes: [UInt8] = []
    for name in origins.keys.sorted() {
      guard case .file(let tensor)? = origins[name] else { continue }
      bytes += Array(name.utf8)
      for piece in tensor.pieces {
        var digest = piece.ends.withUnsafeBytes { xxh64($0) }
        withUnsafeBytes(of: &digest) { bytes += $0 }
      }
    }
    return bytes.isEmpty ? nil : bytes.withUnsafeBytes { xxh64($0) }
  }

  /// Whether a parameter has a value.
  package func contains(_ name: String) -> Bool { origins[name] != nil }

  /// Lends the elements of a parameter, row-major; the buffer is invalid after `body` returns.
  ///
  /// Aligned `f32` tensors of a file are the mapped bytes themselves; everything else that is
  /// not in memory is made for the call and freed after it.
  ///
  /// - Parameter divide: Where numbers are made or converted; the caller's thread by default.
  /// - Precondition: `contains(name)`.
  package func withValues<R, E: Error>(
    of name: String, divide: WorkDivision = { $1(0..<$0) },
    _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    guard let origin = origins[name] else { preconditionFailure("no values for \(name)") }
    switch origin {
    case .inline(let tensor): return try tensor.values.withUnsafeBufferPointer(body)
    case .file(let tensor): return try tensor.withFloats(divide: divide, body)
    case .compiled(let count):
      let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      defer { values.deallocate() }
      compiledFile?.fill(values, with: name)
      return try body(UnsafeBufferPointer(values))
    case .random(let generator, let dimensions):
      let values = UnsafeMutableBufferPointer<Float>.allocate(
        capacity: Shape(dimensions).elementCount)
      defer { values.deallocate() }
      generator.fill(values, name: name, dimensions: dimensions, divide: divide)
      return try body(UnsafeBufferPointer(values))
    }
  }

  /// The bytes of a weight where a compiled model holds it in its layout, and none of its parameters
  /// has another value.
  ///
  /// The address is valid as long as a copy of this value lives, and aligned to 64 bytes.
  package func packedBytes(of weight: PackedWeight) -> UnsafeRawBufferPointer? {
    for part in weight.parts {
      guard case .compiled? = origins[part] else { return nil }
    }
    return compiledFile?.bytes(of: weight)
  }

  /// Finds a value for every parameter.
  ///
  /// - Parameters:
  ///   - wanted: The parameters of the model; names are unique.
  ///   - inline: Values that stand in the spec, of the extents wanted.
  ///   - weights: What `WeightFiles` opens, or `random:SEED`; nil when the spec is to hold all
  ///     values.
  ///   - layout: The name map of the file, by its name.
  /// - Throws: `weights.missing` when parameters have no value; `weights.fit` and
  ///   `weights.copies` when a file is not the model's; `weights.layout`, `weights.seed`, and
  ///   what reading a file throws.
  package static func open(
    _ wanted: [WantedParameter], inline: [(name: String, value: Tensor)] = [],
    weights: String?, layout name: String = "ditharos"
  ) throws(DiagnosticsError) -> ParameterSource {
    guard let layout = WeightLayout.named(name) else {
      let known = weightLayoutNames.map { "`\($0)`" }.joined(separator: ", ")
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.layout, "there is no layout \(quoted(name))",
          help: "the layouts are \(known)"))
    }
    return try open(wanted, inline: inline, weights: weights, layout: layout)
  }

  /// Finds a value for every parameter; see the function that takes a layout's name.
  package static func open(
    _ wanted: [WantedParameter], inline: [(name: String, value: Tensor)] = [],
    weights: String?, layout: WeightLayout
  ) throws(DiagnosticsError) -> ParameterSource {
    var source = ParameterSource()
    for (name, value) in inline { source.origins[name] = .inline(value) }
    let missing = wanted.filter { source.origins[$0.name] == nil }
    guard let weights else {
      if missing.isEmpty { return source }
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.missing,
          "\(counted(missing.count, "parameter")) without values: "
            + abbreviated(missing.map(\.name)),
          help: "name a weight file with --weights FILE, or take random values with "
            + "--weights random:0"))
    }
    if weights.hasPrefix("random:") {
      let generator = RandomParameters(seed: try seed(weights))
      for parameter in missing {
        source.origins[parameter.name] = .random(generator, dimensions: parameter.dimensions)
      }
      return source
    }
    if CompiledFile.isCompiled(path: weights) {
      let file = try CompiledFile(path: weights)
      try file.checkFit(missing, inline: Set(inline.map(\.name)))
      for parameter in missing {
        let count = Shape(parameter.dimensions).elementCount
        source.origins[parameter.name] = .compiled(elementCount: count)
      }
      source.compiledFile = file
      return source
    }
    let tensors = try fileTensors(
      wanted, in: weights, layout: layout, optional: Set(inline.map(\.name)))
    for (name, tensor) in tensors where source.origins[name] == nil {
      source.origins[name] = .file(tensor)
    }
    return source
  }

  private static func seed(_ argument: String) throws(DiagnosticsError) -> UInt64 {
    let digits = argument.dropFirst("random:".count)
    guard let seed = UInt64(digits), digits.utf8.allSatisfy({ 48...57 ~= $0 }) else {
      throw DiagnosticsError(
        Diagnostic(
          WeightRules.seed,
          "the seed of \(quoted(argument)) is not a whole number from 0 to \(UInt64.max)",
          help: "write for example random:0"))
    }
    return seed
  }

  private static func fileTensors(
    _ wanted: [WantedParameter], in argument: String, layout: WeightLayout, optional: Set<String>
  ) throws(DiagnosticsError) -> [String: ParameterTensor] {
    let needed = wanted.filter { !optional.contains($0.name) }
    let files = try WeightFiles(path: argument, components: layout.components(of: needed))
    let match = LayoutMatch(wanted, in: files, layout: layout, optional: optional)
    guard match.fits else {
      throw DiagnosticsError(
        match.mismatch(of: files, wanted: wanted, layout: layout, optional: optional))
    }
    if let problem = match.unequalCopies(in: files) { throw DiagnosticsError(problem) }
    return match.tensors
  }
}

extension LayoutMatch {
  /// The one problem that unequal copies are reported as; nil when all are equal.
  fileprivate func unequalCopies(in files: WeightFiles) -> Diagnostic? {
    var parameters: [String] = []
    var example = ""
    var help: String?
    for group in copies {
      guard let first = group.views.first,
        let other = group.views.first(where: { !$0.isIdentical(to: first) })
      else { continue }
      if parameters.isEmpty {
        example = "\(quoted(other.name)) differs from \(quoted(first.name))"
        help = group.unequalHelp
      }
      parameters.append(group.parameter)
    }
    if parameters.isEmpty { return nil }
    return Diagnostic(
      WeightRules.copies,
      "blocks of `\(files.path)` have their own "
        + "\(abbreviated(parameters)), which the model shares: \(example)",
      help: help)
  }
}
