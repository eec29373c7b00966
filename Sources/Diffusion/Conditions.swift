import Diagnostics
import ModelSpec
import Tensors
import Text

/// What a person asks a model for.
package struct ConditionRequest: Sendable, Hashable {
  /// The words; nil takes the spec's example.
  package var prompt: String?
  /// The classes: one for all samples, or one for each; empty takes the spec's example.
  package var labels: [Int]
  /// The class that guidance leads away from; nil takes the null class.
  package var negativeLabel: Int?

  /// A request.
  package init(prompt: String? = nil, labels: [Int], negativeLabel: Int? = nil) {
    self.prompt = prompt
    self.labels = labels
    self.negativeLabel = negativeLabel
  }

  /// A request of one class at most.
  package init(prompt: String? = nil, label: Int? = nil) {
    self.init(prompt: prompt, labels: label.map { [$0] } ?? [])
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
              condition.wordsPath
                + ($0.rule == PromptRules.tooLong ? ".length" : ".vocabulary"))
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
      let labels = request.labels.isEmpty ? example?.label.map { [$0] } ?? [] : request.labels
      var wrong: Set<Int> = []
      for label in labels + [request.negativeLabel].compactMap(\.self)
      where !(0..<condition.rowCount).contains(label) && wrong.insert(label).inserted {
        problems.append(
          Diagnostic(
            DiffusionRules.label, "label \(label) is no class of `\(name)`",
            help: "use 0 to \(condition.classes - 1)"
              + (condition.nullClass.map { ", or \($0) for none" } ?? ""),
            path: "conditioning.label"))
      }
      if labels.isEmpty {
        problems.append(
          Diagnostic(
            DiffusionRules.labelMissing, "`\(name)` needs a label",
            help: "give one with --label N, from 0 to \(condition.classes - 1)",
            path: "conditioning.label"))
      }
      if wrong.isEmpty, let first = labels.first {
        inputs["label"] = Tensor(
          ids: [batch],
          labels.count == batch ? labels : [Int](repeating: first, count: batch))
      }
    } else if !request.labels.isEmpty || request.negativeLabel != nil {
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

extension ModelSpec {
  /// What the model does not read of a request's prompt: rules `prompt.unread-word` and
  /// `prompt.cut`; none where the prompt is refused.
  package func promptWarnings(_ request: ConditionRequest) -> [Diagnostic] {
    guard let condition = denoiser?.conditioning.prompt,
      let prompt = request.prompt ?? example?.prompt,
      let reading = try? condition.tokenizer.reading(of: prompt)
    else { return [] }
    return reading.warnings.map {
      $0.about(condition.wordsPath + ($0.rule == PromptRules.cut ? ".length" : ".vocabulary"))
    }
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
