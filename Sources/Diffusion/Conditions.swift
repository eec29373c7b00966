import Diagnostics
import ModelSpec
import Tensors
import Text

/// What a person asks a model for.
package struct ConditionRequest: Sendable, Hashable {
  /// The words; nil takes the spec's example.
  package var prompt: String?
  /// The class; nil takes the spec's example.
  package var label: Int?

  /// A request.
  package init(prompt: String? = nil, label: Int? = nil) {
    self.prompt = prompt
    self.label = label
  }
}

extension ModelSpec {
  /// The graph's inputs for a request: `text_ids` and `label`, each repeated for every sample.
  ///
  /// - Throws: Rules `run.*` and those of prompts, all that apply, with the key that each is about.
  package func conditionInputs(
    _ request: ConditionRequest, batch: Int
  ) throws(DiagnosticsError) -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    var problems: [Diagnostic] = []
    let conditioning = denoiser?.conditioning
    if let condition = conditioning?.prompt {
      if let prompt = request.prompt ?? example?.prompt {
        do throws(DiagnosticsError) {
          let ids = try condition.tokenizer.ids(for: prompt)
          inputs["text_ids"] = Tensor(
            ids: [batch, condition.length], (0..<batch).flatMap { _ in ids })
        } catch {
          problems += error.diagnostics.map {
            $0.about(
              $0.rule == PromptRules.tooLong
                ? "conditioning.prompt.length" : "conditioning.prompt.vocabulary")
          }
        }
      } else {
        problems.append(
          Diagnostic(
            DiffusionRules.promptMissing, "`\(name)` needs a prompt",
            help: "give one with --prompt \"...\"; it reads up to \(condition.length) words, "
              + "such as \(condition.vocabulary.prefix(5).map(\.text).joined(separator: ", "))",
            path: "conditioning.prompt"))
      }
    } else if request.prompt != nil {
      problems.append(
        Diagnostic(
          DiffusionRules.unused, "`\(name)` reads no prompt",
          help: conditioning?.label == nil
            ? "leave --prompt out" : "it reads a class: use --label N", path: "conditioning"))
    }
    if let condition = conditioning?.label {
      switch request.label ?? example?.label {
      case nil:
        problems.append(
          Diagnostic(
            DiffusionRules.labelMissing, "`\(name)` needs a label",
            help: "give one with --label N, from 0 to \(condition.classes - 1)",
            path: "conditioning.label"))
      case let label? where !(0..<condition.rowCount).contains(label):
        problems.append(
          Diagnostic(
            DiffusionRules.label, "label \(label) is no class of `\(name)`",
            help: "use 0 to \(condition.classes - 1)"
              + (condition.nullClass.map { ", or \($0) for none" } ?? ""),
            path: "conditioning.label"))
      case let label?:
        inputs["label"] = Tensor(ids: [batch], [Int](repeating: label, count: batch))
      }
    } else if request.label != nil {
      problems.append(
        Diagnostic(
          DiffusionRules.unused, "`\(name)` reads no label",
          help: conditioning?.prompt == nil ? "leave --label out" : "it reads words: use --prompt",
          path: "conditioning"))
    }
    if !problems.isEmpty { throw DiagnosticsError(problems) }
    return inputs
  }
}

extension Diagnostic {
  /// The same problem, about a key of the spec.
  func about(_ path: String) -> Diagnostic {
    var diagnostic = self
    diagnostic.path = path
    return diagnostic
  }
}

extension PromptCondition {
  fileprivate var tokenizer: WordTokenizer {
    let rule: WordTokenizer.Unknown =
      switch unknown {
      case .error: .error
      case .skip: .skip
      case .token: .token(vocabulary.count)
      }
    return WordTokenizer(
      vocabulary: vocabulary.map(\.text), unknown: rule, length: length, paddingID: paddingID)
  }
}
