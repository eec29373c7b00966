extension SpecDecoder {
  mutating func textEncoder(_ mapping: CheckedMapping) -> TextEncoder {
    func at(_ key: String) -> String { "text_encoder.\(key)" }
    let width = integer(mapping, "width", at: at("width")) ?? 1
    return TextEncoder(
      width: width, depth: integer(mapping, "depth", at: at("depth")) ?? 1,
      heads: integer(mapping, "heads", at: at("heads")) ?? 1,
      hidden: integer(mapping, "hidden", at: at("hidden")) ?? 4 * width,
      activation: choice(mapping, "activation", at: at("activation"), as: Activation.self)
        ?? .geluTanh,
      normEpsilon: number(mapping, "norm_epsilon", at: at("norm_epsilon"))
        ?? Norm.standard.epsilon,
      length: integer(mapping, "length", at: at("length")) ?? 1,
      unknown: choice(mapping, "unknown", at: at("unknown"), as: PromptCondition.Unknown.self)
        ?? .skip,
      vocabulary: vocabulary(mapping, at: at("vocabulary")).map(\.text))
  }
}
