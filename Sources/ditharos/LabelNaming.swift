import Diagnostics
import Diffusion
import ModelSpec

/// Labels by number and by name; names are looked for when the first is needed.
final class LabelNaming {
  private let spec: ModelSpec
  private let folder: String
  private let weights: String?
  private lazy var names = Result { () throws(DiagnosticsError) in
    try LabelNames.of(spec, folder: folder, weights: weights)
  }

  init(_ spec: ModelSpec, folder: String, weights: String?) {
    self.spec = spec
    self.folder = folder
    self.weights = weights
  }

  /// The names; nil where there are none that can be used.
  var found: LabelNames? { (try? names.get()) ?? nil }

  /// The classes of arguments: each a number, numbers with commas between, or a name.
  func labels(of arguments: [String]) throws(DiagnosticsError) -> [Int] {
    var labels: [Int] = []
    var problems: [Diagnostic] = []
    for argument in arguments {
      let numbers = argument.split(separator: ",", omittingEmptySubsequences: false)
        .map { Int($0.trimmingPrefix { $0 == " " }) }
      if numbers.allSatisfy({ $0 != nil }) {
        labels += numbers.compactMap(\.self)
        continue
      }
      // What reads no label says so, whatever the label.
      guard spec.denoiser?.conditioning.label != nil else {
        labels.append(0)
        continue
      }
      do throws(DiagnosticsError) {
        guard let names = try names.get() else {
          throw DiagnosticsError(
            Diagnostic(
              DiffusionRules.labelName,
              "`\(spec.name)` has no names of classes to find `\(argument)`",
              help: "give a number, or add `names` or `names_file`", path: "conditioning.label"))
        }
        labels.append(try names.label(named: argument))
      } catch {
        problems += error.diagnostics
      }
    }
    if !problems.isEmpty { throw DiagnosticsError(problems) }
    return labels
  }
}
