extension SpecRules {
  package static let patchAxes = rule(
    "patch-axes", "Patches have as many axes as what they are taken from.",
    explanation: """
      A patch of a picture has a height and a width; a patch of a video has a number of frames
      before them. A third extent without frames has nothing to count.
      """,
    failing: "patch_size: [1, 2, 2]",
    fixed: "patch_size: [2, 2]")
}
