import Diagnostics
import Text

extension SpecDecoder {
  /// The rules of conditions and their modulation.
  mutating func checkConditioning(_ conditioning: Conditioning, of denoiser: Denoiser) {
    chunkOrder(conditioning)
    use(conditioning, of: denoiser)
    sum(conditioning)
    perBlockEmbedders(conditioning)
    sinusoidWidth(conditioning)
    if let prompt = conditioning.prompt { vocabulary(prompt) }
  }

  private mutating func chunkOrder(_ conditioning: Conditioning) {
    let path = "conditioning.modulation.order"
    guard let modulation = conditioning.modulation, isValid("conditioning.modulation") else {
      return
    }
    let expected = modulation.form.standardOrder
    let order = modulation.order
    if order.count != expected.count || Set(order) != Set(expected) {
      report(
        SpecRules.chunkOrder,
        "`order` is [\(order.map(\.rawValue).joined(separator: ", "))], expected "
          + "\(listed(expected.map(\.rawValue), conjunction: "and")) once each with "
          + "`form: \(modulation.form.rawValue)`",
        help: "write [\(expected.map(\.rawValue).joined(separator: ", "))]", at: path,
        suggestion: "[\(expected.map(\.rawValue).joined(separator: ", "))]")
    }
  }

  private mutating func use(_ conditioning: Conditioning, of denoiser: Denoiser) {
    guard isValid("conditioning"), isValid("blocks"), isValid("final_layer") else { return }
    let isModulated =
      denoiser.blocks.contains { $0.sublayers.contains(where: \.modulated) }
      || !denoiser.finalLayer.modulation.isEmpty
    let conditions = [
      ("prompt", conditioning.prompt != nil), ("label", conditioning.label != nil),
      ("timestep", conditioning.timestep != nil),
    ].filter(\.1).map(\.0)
    if isModulated {
      if conditioning.modulation == nil {
        let index = denoiser.blocks.firstIndex { $0.sublayers.contains(where: \.modulated) } ?? 0
        let sublayer = denoiser.blocks[index].sublayers.firstIndex(where: \.modulated) ?? 0
        report(
          SpecRules.modulationWithoutCondition,
          "a sublayer is modulated, but `conditioning.modulation` is none",
          help: "write `modulated: false`, or give a modulation",
          at: "blocks[\(index)].sublayers[\(sublayer)].modulated")
      } else if conditions.isEmpty {
        report(
          SpecRules.modulationWithoutCondition,
          "there is a modulation, but no condition to make it of",
          help: "add `timestep`, `label` or `prompt` to `conditioning`, or write "
            + "`modulation: none`", at: "conditioning.modulation")
      }
    } else {
      if conditioning.modulation != nil {
        warn(
          SpecRules.unusedModulation, "the modulation acts on no sublayer and no final layer",
          help: "write `modulation: none`", at: "conditioning.modulation")
      }
      for name in conditions {
        warn(
          SpecRules.unusedCondition, "`\(name)` changes nothing, because nothing is modulated",
          help: "write `\(name): none`, or give a modulation", at: "conditioning.\(name)")
      }
    }
  }

  private mutating func sum(_ conditioning: Conditioning) {
    let path = "conditioning.timestep"
    guard conditioning.combine == .sum, case .binary? = conditioning.timestep, isValid(path),
      isValid("conditioning.combine"), conditioning.modulation != nil
    else { return }
    report(
      SpecRules.sumOfDigits, "binary digits cannot be summed with other conditions",
      help: "write `combine: concat`, or `encoding: sinusoidal`", at: path,
      related: [("conditioning.combine", "conditions are combined here")])
  }

  private mutating func perBlockEmbedders(_ conditioning: Conditioning) {
    guard conditioning.embedders == .perBlock, isValid("conditioning.combine"),
      isValid("conditioning.embedders"), conditioning.combine != .sum
    else { return }
    report(
      SpecRules.perBlockEmbedders, "embedders per block need `combine: sum`",
      help: "write `combine: sum`, or `embedders: shared`", at: "conditioning.embedders",
      related: [("conditioning.combine", "conditions are combined here")])
  }

  private mutating func sinusoidWidth(_ conditioning: Conditioning) {
    let path = "conditioning.timestep.width"
    guard case .sinusoidal(let sinusoid)? = conditioning.timestep, isValid(path) else { return }
    if sinusoid.width % 2 != 0 {
      report(
        SpecRules.sinusoidWidth, "a sinusoid's width is even, not \(sinusoid.width)",
        help: "write \(sinusoid.width + 1)", at: path, suggestion: String(sinusoid.width + 1))
    } else if Double(sinusoid.width) / 2 <= sinusoid.frequencyShift {
      report(
        SpecRules.sinusoidWidth,
        "a sinusoid of width \(sinusoid.width) leaves no frequencies with this `frequency_shift`",
        help: "write a width of at least 4", at: path)
    }
  }

  private mutating func vocabulary(_ prompt: PromptCondition) {
    let path = "conditioning.prompt.vocabulary"
    guard isValid(path) else { return }
    var seen: [String: Int] = [:]
    var problems: [(index: Int, message: String, help: String?)] = []
    for (index, word) in prompt.vocabulary.enumerated() {
      let words = WordTokenizer.words(of: word.text)
      if words != [word.text] {
        problems.append(
          (
            index, "`\(word.text)` is not a word as prompts are split into them",
            words.isEmpty
              ? "a word is letters and digits" : "write \(listed(words, conjunction: "and"))"
          ))
      } else if let first = seen[word.text] {
        problems.append((index, "`\(word.text)` stands twice, first as word \(first + 1)", nil))
      }
      seen[word.text] = seen[word.text] ?? index
      if word.vector?.count != prompt.vocabulary.first?.vector?.count {
        problems.append(
          (
            index,
            "the vector of `\(word.text)` has \(word.vector?.count ?? 0) values, the first "
              + "word's has \(prompt.vocabulary.first?.vector?.count ?? 0)", nil
          ))
      }
    }
    for problem in problems.prefix(20) {
      let isWidth = problem.message.hasPrefix("the vector")
      report(
        isWidth ? SpecRules.wordWidth : SpecRules.vocabulary, problem.message, help: problem.help,
        at: "\(path)[\(problem.index)]")
    }
    if prompt.vocabulary.isEmpty {
      report(SpecRules.vocabulary, "the vocabulary is empty", at: path)
    }
  }

  /// Reports a warning, which makes nothing invalid.
  mutating func warn(_ rule: Rule, _ message: String, help: String?, at path: String) {
    diagnostics.append(
      Diagnostic(rule, message, help: help, at: locations.range(of: path), path: path))
  }
}
