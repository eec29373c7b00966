import Diagnostics
import ModelSpec
import Tensors
import Text

/// What a person asks a model for.
package struct ConditionRequest: Sendable, Hashable {
  /// The words; nil takes the spec's example.
  package var prompt: String?
  /// The class; nil takes the spec's example.
  package var label: Label?

  /// A class by its number or by one of its names.
  package enum Label: Sendable, Hashable, CustomStringConvertible {
    case number(Int)
    case name(String)

    package var description: String {
      switch self {
      case .number(let number): String(number)
      case .name(let name): name
      }
    }
  }

  /// A request.
  package init(prompt: String? = nil, label: Label? = nil) {
    self.prompt = prompt
    self.label = label
  }

  /// A request for a class by its number.
  package init(label: Int) { self.init(label: .number(label)) }
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
      do throws(DiagnosticsError) {
        let row = try condition.row(of: label(request), model: name)
        inputs["label"] = Tensor(ids: [batch], [Int](repeating: row, count: batch))
      } catch { problems += error.diagnostics }
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

extension ModelSpec {
  /// The class asked for, else the example's.
  func label(_ request: ConditionRequest) -> ConditionRequest.Label? {
    request.label ?? example?.label.map(ConditionRequest.Label.number)
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
