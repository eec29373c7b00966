import ArgumentParser
import Compiler
import Diagnostics
import Documents
import ModelSpec
import Reports

/// `ditharos diff`: what a change of a spec does.
struct DiffCommand: AsyncParsableCommand {
  /// The rules of this command.
  enum Rules {
    /// A change of a class that must not pass.
    static let changeClass = Rule(
      "diff.class", kind: .spec, summary: "A change is below the class of --fail-on.")
  }

  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show what a change of a spec does: its keys, its parameters, its numbers, its cost.",
    discussion: """
      OLD and NEW are specs, or specs in a revision of git as REVISION:PATH (:PATH is what is staged).
      Canonical forms are compared, so that order, comments and spelled-out defaults do not count.

      The class of a change is the first that holds:
        weights  old weights no longer load: a tensor has another name or shape, or another layout
        output   old weights load, but give other numbers
        cost     the same numbers; budgets or training differ
        none     nothing that counts, as the name

        ditharos diff HEAD:Specs/dit-s-2.yaml Specs/dit-s-2.yaml
        ditharos diff origin/main:model.yaml model.yaml --fail-on weights
      """)

  @Argument(help: "The spec before; - is standard input.")
  var old: String

  @Argument(help: "The spec after; - is standard input.")
  var new: String

  @Option(
    name: .customLong("fail-on"),
    help: "Exit with status 1 if the class is at least weights, output or cost; none never does.")
  var failOn = SpecDifference.Class.none

  @Option(help: "text or json.")
  var format = ReportFormat.text

  func run() async throws {
    try await reporting(format) {
      if old == "-", new == "-" {
        throw DiagnosticsError(
          Diagnostic(
            UsageRules.option, "standard input cannot be both specs",
            help: "name a file or REVISION:PATH for one of them"))
      }
      let (before, after) = try await Self.both(old, new)
      let difference = try SpecDifference(from: before, to: after)
      let report = DiffReport(difference)
      if format == .text { Console.write(report.text) }
      return (refusal(of: difference, after), report.json)
    }
  }

  /// Both specs; the problems of both where either has some.
  private static func both(
    _ old: String, _ new: String
  ) async throws(DiagnosticsError) -> (LoadedSpec, LoadedSpec) {
    var problems: [Diagnostic] = []
    var specs: [LoadedSpec] = []
    for argument in [old, new] {
      do throws(DiagnosticsError) {
        if let file = RevisionFile(argument) {
          specs.append(try await file.load())
        } else {
          specs.append(try load(argument))
        }
      } catch {
        problems += error.diagnostics
      }
    }
    guard specs.count == 2 else { throw DiagnosticsError(problems) }
    return (specs[0], specs[1])
  }

  private func refusal(of difference: SpecDifference, _ after: LoadedSpec) -> [Diagnostic] {
    guard failOn != .none, difference.changeClass >= failOn else { return [] }
    let path = difference.decisivePath ?? ""
    let isHighest = difference.changeClass == .weights
    return [
      Diagnostic(
        Rules.changeClass,
        "the change is of class `\(difference.changeClass.rawValue)`, which --fail-on "
          + "\(failOn.rawValue) refuses: \(difference.explanation)",
        help: "undo the change, or let it pass with "
          + (isHighest
            ? "--fail-on none" : "a --fail-on above `\(difference.changeClass.rawValue)`"),
        at: after.locations.range(of: path), path: path)
    ]
  }
}

extension SpecDifference.Class: ExpressibleByArgument {}
