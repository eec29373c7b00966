import Diagnostics
import Tensors

extension SpecDecoder {
  /// Decodes `example` against the shapes of the model's inputs.
  mutating func decodeExample(_ root: CheckedMapping, into spec: inout ModelSpec) {
    guard let mapping = mapping(root, "example", at: "example") else { return }
    var example = Example(
      prompt: text(mapping, "prompt", at: "example.prompt"),
      label: integer(mapping, "label", at: "example.label"),
      timestep: integer(mapping, "timestep", at: "example.timestep"))
    example.published =
      list(mapping, "published", at: "example.published")?.compactMap { element in
        if case .text(let name) = element.content { return name }
        return nil
      } ?? []
    example.pixels = examplePixels(mapping, spec.pixels)
    if let numbers = numbers(mapping, "noise", at: "example.noise") {
      let latent =
        spec.denoiser?.latent
        ?? spec.pixels.flatMap { pixels in
          spec.autoencoder.map { pixels.latent(through: $0) }
        }
      if let latent, isValid("latent"), isValid("autoencoder") {
        example.noise = tensor(
          numbers, latent.dimensions, axes: axisNames(hasFrames: latent.frames != nil),
          at: "example.noise")
      }
    }
    checkExample(example, spec)
    spec.example = example
  }

  private mutating func numbers(
    _ mapping: CheckedMapping, _ key: String, at path: String
  ) -> NumberArray? {
    if case .numbers(let array)? = content(mapping, key, at: path) { return array }
    return nil
  }

  private mutating func examplePixels(
    _ mapping: CheckedMapping, _ pixels: PixelSpace?
  ) -> Tensor? {
    for key in ["image", "video"] {
      let path = "example.\(key)"
      guard let numbers = numbers(mapping, key, at: path) else { continue }
      let expected = pixels.map { $0.frames == nil ? "image" : "video" }
      guard isValid("image"), isValid("video") else { continue }
      guard let pixels, key == expected else {
        report(
          SpecRules.exampleContradiction,
          "the example gives \(key == "image" ? "an image" : "a video"), but the model makes "
            + (expected.map { $0 == "image" ? "images" : "videos" } ?? "no pictures"),
          help: expected.map { "write `\($0)`" }, at: path)
        continue
      }
      let dimensions =
        [pixels.channels] + (pixels.frames.map { [$0] } ?? []) + [pixels.height, pixels.width]
      return tensor(
        numbers, dimensions, axes: axisNames(hasFrames: pixels.frames != nil), at: path)
    }
    return nil
  }

  /// The numbers in a wanted shape, extents of 1 ignored.
  private mutating func tensor(
    _ numbers: NumberArray, _ dimensions: [Int], axes: String, at path: String
  ) -> Tensor? {
    if numbers.dimensions.filter({ $0 != 1 }) == dimensions.filter({ $0 != 1 }) {
      return Tensor(dimensions, numbers.values)
    }
    report(
      SpecRules.exampleShape,
      "`\(lastName(path))` has the shape \(shapeText(numbers.dimensions)), expected "
        + "\(shapeText(dimensions)) \(axes)", at: path)
    return nil
  }

  private func axisNames(hasFrames: Bool) -> String {
    hasFrames ? "(channels, frames, height, width)" : "(channels, height, width)"
  }

  private mutating func checkExample(_ example: Example, _ spec: ModelSpec) {
    guard let conditioning = spec.denoiser?.conditioning, isValid("conditioning") else { return }
    if let label = example.label, isValid("example.label") {
      if let condition = conditioning.label {
        if label >= condition.rowCount {
          report(
            SpecRules.exampleContradiction,
            "label \(label) is not one of the \(condition.classes) classes",
            help: "write 0 to \(condition.rowCount - 1)", at: "example.label",
            related: [("conditioning.label", "classes are set here")])
        }
      } else {
        report(
          SpecRules.exampleContradiction, "the example gives a label, but the model takes none",
          help: "remove `label`", at: "example.label")
      }
    }
    if let text = example.prompt {
      if let prompt = conditioning.prompt {
        checkExamplePrompt(text, prompt)
      } else {
        report(
          SpecRules.exampleContradiction, "the example gives a prompt, but the model takes none",
          help: "remove `prompt`", at: "example.prompt")
      }
    }
    if let timestep = example.timestep, isValid("example.timestep") {
      checkExampleTimestep(timestep, conditioning, spec.diffusion)
    }
  }

  private mutating func checkExampleTimestep(
    _ timestep: Int, _ conditioning: Conditioning, _ diffusion: DiffusionSpec?
  ) {
    var (greatest, source) = (Int.max, "diffusion")
    if isValid("diffusion"), let diffusion { (greatest, source) = diffusion.greatestTimestep }
    if case .binary(let bits)? = conditioning.timestep, (1 << bits) - 1 < greatest {
      (greatest, source) = ((1 << bits) - 1, "conditioning.timestep.bits")
    }
    if timestep > greatest {
      report(
        SpecRules.exampleContradiction,
        "timestep \(timestep) is past the greatest, \(greatest)",
        help: "write at most \(greatest)", at: "example.timestep",
        related: [(source, "the greatest timestep is set here")])
    }
  }

  /// Decodes `parameters`, and compares them with the model's where its shapes are known.
  mutating func decodeParameters(
    _ root: CheckedMapping, into spec: inout ModelSpec, hasShapes: Bool
  ) {
    guard case .dictionary(let entries)? = content(root, "parameters", at: "parameters") else {
      return
    }
    let declarations = hasShapes ? spec.parameterDeclarations : []
    let byName = Dictionary(
      declarations.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in entries {
      let path = "parameters.\(entry.key)"
      locations.record(path, at: entry.value.place)
      guard case .numbers(let numbers) = entry.value.content else { continue }
      if hasShapes {
        guard let declaration = byName[entry.key] else {
          reportUnknownParameter(entry, beside: entries, among: declarations)
          continue
        }
        guard numbers.dimensions == declaration.dimensions else {
          report(
            SpecRules.parameterShape,
            "`\(entry.key)` has the shape \(shapeText(numbers.dimensions)), expected "
              + shapeText(declaration.dimensions),
            help: declaration.dimensions.count == 2 && !declaration.isBuffer
              ? "matrices are [out, in]" : nil, at: path,
            related: [(declaration.path, "the shape follows from this")])
          continue
        }
      }
      spec.parameters.append(
        InlineParameter(
          name: entry.key, value: Tensor(numbers.dimensions, numbers.values)))
    }
  }

  private mutating func reportUnknownParameter(
    _ entry: CheckedEntry, beside entries: [CheckedEntry],
    among declarations: [ParameterDeclaration]
  ) {
    guard diagnostics.count < diagnosticLimit else { return }
    // Distances to many long names are slow, and names of later blocks are like the first's.
    let names = declarations.prefix(diagnostics.count < 20 ? 2000 : 0).map(\.name)
    let match = nearestMatch(to: entry.key, among: names)
    let nearest = match?.name
    let isFree = !entries.contains { $0.key == nearest }
    diagnostics.append(
      Diagnostic(
        SpecRules.unknownParameter,
        "the model has no parameter `\(entry.key)`"
          + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
        help: declarations.isEmpty
          ? "the model has no parameters"
          : declarations.count <= 16
            ? "it has \(listed(declarations.map(\.name), conjunction: "and"))" : nil,
        at: entry.keyRange, path: "parameters.\(entry.key)",
        suggestion: isFree ? nearest : nil, isSafe: match?.isClear == true))
  }
}
