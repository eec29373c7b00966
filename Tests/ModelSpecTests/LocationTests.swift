import Diagnostics
import ModelSpec
import Testing

@Suite struct LocationTests {
  private func location(_ path: String, in text: String) throws -> String {
    let range = try loadSpec(text: text, file: "test.yaml", folder: nil).locations.range(of: path)
    return "\(range.start.line):\(range.start.column)-\(range.end.line):\(range.end.column)"
  }

  private let text = """
    ditharos: 1
    name: tiny
    latent: {channels: 4, height: 8, width: 8}
    patch_size: 2
    latent_dim: 16
    depth: 2
    heads: 4
    feed_forward: {norm: {epsilon: 1e-5}}
    conditioning:
      label:
        classes: 10
      modulation: adaln_zero
    """

  @Test(arguments: [
    ("latent_dim", "5:13-5:15"),
    ("blocks[0].sublayers[0].heads", "7:8-7:9"),
    ("blocks[0].repeat", "6:8-6:9"),
    ("blocks[0].sublayers[1].norm.epsilon", "8:32-8:36"),
    ("blocks[0].sublayers[1]", "8:15-8:38"),
    ("conditioning.modulation", "12:15-12:25"),
    ("conditioning.modulation.order", "12:15-12:25"),
    ("conditioning.label.classes", "11:14-11:16"),
    // Spans lines: its key.
    ("conditioning.label", "10:3-10:8"),
    ("conditioning", "9:1-9:13"),
    // Inherited: the nearest mapping around it, or the version.
    ("conditioning.timestep", "9:1-9:13"),
    ("position", "1:1-1:9"),
    ("latent.height", "3:31-3:32"),
    ("no.such.path", "1:1-1:9"),
  ])
  func namesWhereAPartWasWritten(_ path: String, _ expected: String) throws {
    #expect(try location(path, in: text) == expected)
  }

  @Test func canonicalPathsNameTheirOwnKeys() throws {
    let spec = try load(text)
    let canonical = expand(spec)
    let line = try #require(
      canonical.split(separator: "\n").firstIndex { $0.contains("heads: 4") })
    #expect(
      try location("blocks[0].sublayers[0].heads", in: canonical).hasPrefix("\(line + 1):"))
  }

  @Test func parametersHavePlaces() throws {
    let spec = try load(text)
    let locations = try loadSpec(text: text, file: "t", folder: nil).locations
    for declaration in spec.parameterDeclarations {
      #expect(locations.range(of: declaration.path).file == "t")
    }
  }
}
