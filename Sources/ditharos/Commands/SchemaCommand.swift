import ArgumentParser
import Documents
import Reports

/// `ditharos schema`: prints the JSON Schema of specs.
struct SchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of specs, for editors and other tools.",
    discussion: """
      The schema is draft 2020-12, made from the tables that the parser reads. An editor with a
      YAML language server takes it from the first line of a spec:

        ditharos schema > ditharos.schema.json
        # yaml-language-server: $schema=ditharos.schema.json

      What a schema cannot say (which numbers divide which, whether shapes fit) is left to
      `ditharos validate`.
      """)

  func run() async throws {
    try await reporting(.text) {
      Console.write(specJSONSchema().text() + "\n")
      return ([], [])
    }
  }
}
