import ArgumentParser
import ModelSpec

/// `ditharos expand`: prints the canonical spec.
struct ExpandCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expand",
    abstract: "Print a spec with every choice spelled out: presets, defaults, blocks.",
    discussion: """
      The result is a spec again, of the same model.

        ditharos expand Specs/dit-s-2.yaml
        ditharos expand Specs/dit-s-2.yaml | ditharos plan -
      """)

  @Argument(help: "A spec; - is standard input.")
  var spec: String

  func run() async throws {
    try await reporting(.text) {
      let loaded = try load(spec)
      Console.write(expand(loaded.spec))
      return (loaded.warnings, [])
    }
  }
}
