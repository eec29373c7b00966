import Diagnostics
import ModelSpec
import Testing

/// Specs that a person could write by mistake, or in a form that is less common.
@Suite struct TrickySpecTests {
  static let base = """
    ditharos: 1
    name: tiny
    latent: {channels: 4, height: 8, width: 8}
    patch_size: 2
    latent_dim: 16
    depth: 2
    heads: 4
    conditioning:
      label: {classes: 10, dropout: 0.1}
      modulation: adaln_zero

    """

  private static func edited(_ old: String, _ new: String, adding end: String = "") -> String {
    base.replacing(old, with: new) + end
  }

  private static func extended(_ end: String) -> String { base + end }

  static let validVariants: [String] = [
    base.replacing("\n", with: "\r\n"),
    "\u{FEFF}\(base)",
    "---\n" + extended("...\n"),
    "%YAML 1.2\n---\n\(base)",
    base.replacing("\n", with: "   \n"),
    base.replacing("\n", with: "\n\n"),
    base.replacing("\n", with: "  # heads: 5\n"),
    base.replacing("  ", with: "        "),
    edited("heads: 4", "heads:\t4"),
    edited("heads: 4", "\"heads\": 4"),
    edited("depth: 2\nheads: 4", "depth: &n 4\nheads: *n"),
    edited("name: tiny", "name: no"),
    edited("name: tiny", "name: 007"),
    edited("name: tiny", "name: null"),
    edited("name: tiny", "name: >-\n  tiny"),
    edited("dropout: 0.1", "dropout: 1e-1"),
    edited("dropout: 0.1", "dropout: 0"),
    edited("patch_size: 2", "patch_size: [2, 4]"),
    edited("  label: {classes: 10, dropout: 0.1}\n", ""),
    edited("width: 8}", "width: 8, frames: 4}", adding: "position: sincos_3d\n"),
    edited(
      "depth: 2\nheads: 4\n", "blocks: [{repeat: 2, sublayers: [{kind: attention, heads: 4}]}]\n"),
    extended("limits: {parameters: 1M, macs_per_step: 2G}\n"),
    extended("diffusion: {variance: learned_range}\n"),
    #"{"ditharos": 1, "name": "a", "image": {"height": 8, "width": 8}, "#
      + #""autoencoder": {"patch_size": 2, "latent_channels": 4}}"#,
    "ditharos: 1\nname: a\ndiffusion: {schedule: linear}\n",
    edited("heads: 4\n", "", adding: "heads: 4\n"),
  ]

  @Test(arguments: validVariants) func aValidVariantPasses(_ text: String) {
    #expect(validationProblems(text) == [])
  }

  static let mistakes: [(text: String, expected: String)] = [
    (edited("ditharos: 1", "ditharos: 2", adding: "dept: 3\n"), "1:11 spec.language-version"),
    (edited("ditharos: 1", "ditharos: \"1\""), "1:11 spec.scalar"),
    (edited("ditharos: 1", "ditharos: -1"), "1:11 spec.range"),
    (edited("ditharos: 1", "ditharos:"), "1:1 spec.type"),
    (extended("ditharos: 1\n"), "11:1 yaml.duplicate-key"),
    (extended("\"depth\": 3\n"), "11:1 yaml.duplicate-key"),
    (extended("---\nditharos: 1\n"), "11:1 yaml.syntax"),
    (edited("depth: 2", "depth:2"), "6:1 yaml.syntax"),
    (edited("depth: 2", "depth = 2"), "6:1 yaml.syntax"),
    (edited("depth: 2", "depth:\u{A0}2"), "6:1 yaml.syntax"),
    (edited("depth: 2", "depth: \u{FF12}"), "6:8 spec.type"),
    (edited("depth: 2", "d\u{435}pth: 2"), "6:1 spec.unknown-key"),
    (edited("depth: 2", "Depth: 2"), "6:1 spec.unknown-key"),
    (edited("depth: 2", "num_layers: 2"), "6:1 spec.unknown-key"),
    (edited("latent_dim", "hidden_size"), "5:1 spec.unknown-key"),
    (edited("depth: 2", "depth: true"), "6:8 spec.type"),
    (edited("depth: 2", "depth: -2"), "6:8 spec.range"),
    (edited("depth: 2", "depth: 99999999999999999999"), "6:8 spec.range"),
    (edited("depth: 2", "depth: &a [*a]"), "6:12 yaml.alias"),
    (edited("heads: 4", "heads: 4,"), "7:8 spec.type"),
    (edited("heads: 4", "heads: [4"), "7:8 yaml.syntax"),
    (edited("name: tiny", "name: \"tiny"), "2:7 yaml.syntax"),
    (edited("name: tiny", "name: größe"), "2:7 spec.text"),
    (edited("  modulation", "   modulation"), "10:4 yaml.syntax"),
    (edited("  modulation", "modulation"), "10:1 spec.unknown-key"),
    (edited("  label", "\tlabel"), "9:1 yaml.syntax"),
    (edited("patch_size: 2", "patch_size: 2x2"), "4:13 spec.type"),
    (edited("patch_size: 2", "patch_size: 16"), "4:13 spec.patch-divides"),
    (edited("patch_size: 2", "patch_size: [2, -2]"), "4:17 spec.range"),
    (edited("patch_size: 2", "patch_size: [2]"), "4:13 spec.range"),
    (edited("latent_dim: 16", "latent_dim: 6"), "5:13 spec.position-width"),
    (edited("dropout: 0.1", "dropout: 1e999"), "9:33 spec.range"),
    (edited("dropout: 0.1", "dropout: .5"), "9:33 spec.scalar"),
    (edited("dropout: 0.1", "dropout: .nan"), "9:33 spec.type"),
    (
      extended("image: {height: 8, width: 8}\nvideo: {frames: 2, height: 8, width: 8}\n"),
      "12:1 spec.contradiction"
    ),
    (extended("diffusion: {start: 4}\n"), "11:13 spec.inapplicable-key"),
    (extended("diffusion: {file: x.yaml, steps: 3}\n"), "11:13 spec.unknown-key"),
    (extended("weights: {file: a/../../x}\n"), "11:17 spec.text"),
    (extended("parameters: {patch_embedding.bias: [.nan, 1]}\n"), "11:37 spec.type"),
    (extended("example: {prompt: hi}\n"), "11:19 spec.example-contradiction"),
    (extended("example: {label: 11}\n"), "11:18 spec.example-contradiction"),
    (extended("final_layer: {out_channels: 3}\n"), "11:29 spec.out-channels"),
    (extended("? [a, b]\n: 3\n"), "11:3 yaml.feature"),
    (extended("~: 3\n"), "11:1 spec.unknown-key"),
    ("# nothing\n", "1:1 spec.not-a-spec"),
    ("hello\n", "1:1 spec.not-a-spec"),
  ]

  @Test(arguments: mistakes) func aMistakeIsRefusedOnceAtItsPlace(
    _ text: String, _ expected: String
  ) {
    let found = validationProblems(text).map {
      $0.split(separator: " ").prefix(2).joined(separator: " ")
    }
    #expect(found == [expected])
  }

  @Test func aKeyInTheWrongMappingIsSentHome() {
    func help(_ text: String) -> String? { validated(text).first?.help }
    #expect(
      help(Self.edited("  modulation", "modulation"))
        == "`modulation` is a key of `conditioning` or `final_layer`: indent it there")
    #expect(
      help(Self.extended("  heads: 4\n"))
        == "`heads` is a key of the spec itself, at the start of a line")
  }
}
