import Testing

/// The command line itself: help, versions, wrong usage.
@Suite struct UsageTests {
  static let commands = ["validate", "expand", "plan", "trace", "run", "eval", "bench", "generate"]

  @Test func `tells its version and its commands`() throws {
    let version = try ditharos("--version")
    #expect(version.status == 0)
    #expect(version.output.split(separator: ".").count == 3)
    let help = try ditharos("--help")
    #expect(help.status == 0)
    for command in Self.commands { #expect(help.output.contains("  \(command) ")) }
    #expect(try ditharos().output == help.output)
  }

  @Test(arguments: commands)
  func `teaches by example`(command: String) throws {
    let help = try ditharos(command, "--help")
    #expect(help.status == 0)
    #expect(help.output.contains("  ditharos \(command)"))
    let lines = help.output.split(separator: "\n").filter { !$0.hasPrefix("USAGE:") }
    #expect(lines.allSatisfy { $0.count <= 80 })
    // No example of the text is broken over lines that it does not mark.
    #expect(!lines.contains { $0.hasPrefix("-") })
    #expect(try ditharos("help", command).output == help.output)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completes`(shell: String) throws {
    let result = try ditharos("--generate-completion-script", shell)
    #expect(result.status == 0)
    #expect(result.output.contains("validate"))
  }

  @Test func `names the nearest command`() throws {
    let result = try ditharos("valdate", "x.yaml")
    #expect(result.status == 64)
    #expect(result.complaints.contains("did you mean `validate`?"))
    #expect(result.output == "")
  }

  @Test(arguments: [
    ["bogus", "--format", "json"], ["plan", "--bogus", "--format=json"],
    ["plan", "--format", "json"], ["validate", "--format", "json"],
    ["trace", "x.yaml", "--passes", "some", "--format", "json"],
    ["run", "x.yaml", "--format", "json"], ["--bogus", "--format", "json"],
  ])
  func `answers wrong usage in JSON where JSON is asked for`(arguments: [String]) throws {
    let result = try RunningCommand(arguments, folder: "/").result()
    #expect(result.status == 64)
    let json = try result.json()
    #expect(json["format_version"] == "1.0")
    #expect(json.rules == ["usage.arguments"])
    #expect(
      json["diagnostics"][0]["help"].text?.contains("--help") == true
        || arguments[0] == "bogus")
    #expect(result.complaints == "")
  }

  @Test(arguments: [
    ["plan"], ["plan", "--bogus", "x"], ["trace", "x.yaml", "--format", "xml"], ["run"],
    ["validate", "x.yaml", "--fail-on", "never"], ["--bogus"],
  ])
  func `answers wrong usage in words`(arguments: [String]) throws {
    let result = try RunningCommand(arguments, folder: "/").result()
    #expect(result.status == 64)
    #expect(result.output == "")
    #expect(result.complaints.contains("--help"))
  }
}
