import Diagnostics

extension SpecDecoder {
  /// The conditioning; without the key none.
  ///
  /// - Parameter textEncoder: What a prompt can go through; nil without one.
  mutating func conditioning(
    _ mapping: CheckedMapping?, latentDim: Int, textEncoder: TextEncoder?
  ) -> Conditioning {
    let path = "conditioning"
    guard let mapping else {
      return Conditioning(
        prompt: nil, label: nil, timestep: nil, combine: .sum, embedders: .shared,
        modulation: nil)
    }
    return Conditioning(
      prompt: self.mapping(mapping, "prompt", at: path + ".prompt").map {
        prompt($0, latentDim: latentDim, textEncoder: textEncoder)
      },
      label: self.mapping(mapping, "label", at: path + ".label").map { label($0) },
      timestep: self.mapping(mapping, "timestep", at: path + ".timestep").flatMap { timestep($0) },
      combine: choice(
        mapping, "combine", at: path + ".combine", as: Conditioning.Combination.self) ?? .sum,
      embedders: choice(
        mapping, "embedders", at: path + ".embedders", as: Conditioning.Embedders.self) ?? .shared,
      modulation: self.mapping(mapping, "modulation", at: path + ".modulation").flatMap {
        modulation($0)
      })
  }

  private mutating func label(_ mapping: CheckedMapping) -> LabelCondition {
    let path = "conditioning.label"
    let classes = integer(mapping, "classes", at: path + ".classes")
    var names: [LabelCondition.ClassName] = []
    if case .dictionary(let entries)? = content(mapping, "names", at: path + ".names") {
      for entry in entries {
        guard case .text(let name) = entry.value.content else {
          markInvalid(path + ".names")
          continue
        }
        let number = Int(entry.key).flatMap { String($0) == entry.key ? $0 : nil }
        if let number, number >= 0, number < classes ?? .max {
          names.append(LabelCondition.ClassName(number: number, text: name))
        } else {
          reportClassName(entry, classes: classes)
        }
      }
    }
    return LabelCondition(
      classes: classes ?? 1,
      dropout: number(mapping, "dropout", at: path + ".dropout") ?? 0,
      names: names.sorted { $0.number < $1.number },
      namesFile: text(mapping, "names_file", at: path + ".names_file"))
  }

  private mutating func timestep(_ mapping: CheckedMapping) -> TimestepCondition? {
    let path = "conditioning.timestep"
    switch text(mapping, "encoding", at: path + ".encoding") {
    case "binary": return .binary(bits: integer(mapping, "bits", at: path + ".bits") ?? 24)
    case "sinusoidal":
      return .sinusoidal(
        TimestepCondition.Sinusoid(
          width: integer(mapping, "width", at: path + ".width") ?? 2,
          order: choice(
            mapping, "order", at: path + ".order", as: TimestepCondition.Sinusoid.Order.self)
            ?? .cosSin,
          frequencyShift: number(mapping, "frequency_shift", at: path + ".frequency_shift") ?? 0,
          maxPeriod: number(mapping, "max_period", at: path + ".max_period") ?? 10_000,
          activation: choice(
            mapping, "activation", at: path + ".activation", as: Activation.self) ?? .silu))
    default: return nil
    }
  }

  private mutating func modulation(_ mapping: CheckedMapping) -> Modulation? {
    let path = "conditioning.modulation"
    guard let form = choice(mapping, "form", at: path + ".form", as: Modulation.Form.self) else {
      return nil
    }
    return Modulation(
      form: form,
      order: choices(mapping, "order", at: path + ".order", as: ModulationChunk.self)
        ?? form.standardOrder,
      activation: choice(
        mapping, "activation", at: path + ".activation", as: Activation.self) ?? .silu)
  }

  private mutating func prompt(
    _ mapping: CheckedMapping, latentDim: Int, textEncoder: TextEncoder?
  ) -> PromptCondition {
    let path = "conditioning.prompt"
    let embedding =
      choice(mapping, "embedding", at: path + ".embedding", as: PromptCondition.Embedding.self)
      ?? .words
    let dropout = number(mapping, "dropout", at: path + ".dropout") ?? 0
    if embedding == .textEncoder {
      if let textEncoder { return PromptCondition(textEncoder, dropout: dropout) }
      reportMissingTextEncoder(at: path + ".embedding")
      return PromptCondition(
        embedding: .textEncoder, length: 1, unknown: .skip, vocabulary: [], width: 1,
        dropout: dropout)
    }
    let words = vocabulary(mapping, at: path + ".vocabulary")
    let vectorWidth = words.first?.vector?.count
    let width = integer(mapping, "width", at: path + ".width")
    if let width, let vectorWidth, width != vectorWidth, isValid(path + ".vocabulary") {
      report(
        SpecRules.wordWidth,
        "`width` is \(width), but the vectors of the vocabulary have "
          + "\(vectorWidth)", help: "remove `width`, or write \(vectorWidth)",
        at: path + ".width",
        related: [(path + ".vocabulary", "the vectors are written here")],
        suggestion: String(vectorWidth))
    }
    return PromptCondition(
      length: integer(mapping, "length", at: path + ".length") ?? 1,
      unknown: choice(
        mapping, "unknown", at: path + ".unknown", as: PromptCondition.Unknown.self) ?? .error,
      vocabulary: words, width: vectorWidth ?? width ?? latentDim, dropout: dropout)
  }

  /// The words: a list, a mapping to numbers, or a mapping to vectors.
  mutating func vocabulary(
    _ mapping: CheckedMapping, at path: String
  ) -> [PromptCondition.Word] {
    switch content(mapping, "vocabulary", at: path) {
    case .list(let elements)?:
      return elements.enumerated().compactMap { index, element in
        locations.record("\(path)[\(index)]", at: element.place)
        if case .text(let word) = element.content {
          return PromptCondition.Word(text: word, vector: nil)
        }
        markInvalid(path)
        return nil
      }
    case .dictionary(let entries)?:
      return entries.enumerated().compactMap { index, entry in
        locations.record("\(path)[\(index)]", at: entry.keyRange)
        if let vector = vector(entry.value) {
          return PromptCondition.Word(text: entry.key, vector: vector)
        }
        markInvalid(path)
        return nil
      }
    case nil, .invalid?, .none?, .integer?, .number?, .boolean?, .text?, .numbers?, .mapping?:
      markInvalid(path)
      return []
    }
  }

  private func vector(_ value: CheckedValue) -> [Float]? {
    switch value.content {
    case .number(let number): return [Float(number)]
    case .list(let elements):
      let numbers = elements.compactMap { element in
        if case .number(let number) = element.content { return Float(number) }
        return Float?.none
      }
      return numbers.count == elements.count ? numbers : nil
    case .invalid, .none, .integer, .boolean, .text, .numbers, .dictionary, .mapping: return nil
    }
  }
}

extension Modulation.Form {
  /// The chunks of a sublayer in the order of the DiT paper's code.
  var standardOrder: [ModulationChunk] {
    switch self {
    case .plain, .adaln: [.shift, .scale]
    case .adalnZero: [.shift, .scale, .gate]
    }
  }
}
