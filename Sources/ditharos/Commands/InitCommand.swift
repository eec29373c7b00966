import ArgumentParser
import Diagnostics
import Media
import ModelSpec

/// `ditharos init`: writes a spec to begin with.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a commented spec to begin with.",
    discussion: """
      The presets: \(Presets.names.joined(separator: ", ")). A preset is a spec whose keys yours
      override; `ditharos expand` shows all that it decides.

        ditharos init
        ditharos init --preset dit-xl -o models/large.yaml
        ditharos init -o - | ditharos plan -
      """)

  @Option(help: "The preset to build on.")
  var preset = Presets.defaultName

  @Option(name: .shortAndLong, help: "The file to write; - is standard output.")
  var output = "model.yaml"

  @Flag(help: "Replace the file if it exists.")
  var force = false

  func run() async throws {
    try await reporting(.text) {
      guard let text = starterSpec(preset: preset, name: modelName) else {
        let nearest = nearestName(to: preset, among: Presets.names)
        throw DiagnosticsError(
          Diagnostic(
            UsageRules.option,
            "there is no preset `\(preset)`" + (nearest.map { "; did you mean `\($0)`?" } ?? ""),
            help: "choose \(listed(Presets.names))", suggestion: nearest))
      }
      if output == "-" {
        Console.write(text)
        return ([], [])
      }
      try checkNewFile(path: output, force: force)
      try writeAtomically(path: output, bytes: Array(text.utf8))
      Console.complain(
        """
        \(output): written. Next:
          ditharos validate \(output)    every mistake, with its place
          ditharos plan \(output)        parameters, work and memory
          ditharos run \(output) --label 207 --weights random:0 --steps 4 -o first.png
          ditharos schema > ditharos.schema.json    beside the spec, for help in an editor
        """)
      return ([], [])
    }
  }

  /// The file's name where that can be a model's, without folder and ending.
  private var modelName: String {
    let file = output.split(separator: "/").last ?? ""
    let name = file.lastIndex(of: ".").map { file[..<$0] } ?? file
    let isName =
      name.utf8.count <= 100 && name.first?.isLetter == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    return output != "-" && isName ? String(name) : "my-model"
  }
}
