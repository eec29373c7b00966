extension Grammar {
  static let example = MappingSchema(
    "example", "Values that a run takes unless it is given others.",
    exclusive: [("image", "video")],
    keys: [
      KeySchema(
        "prompt", .text(.any), .derived("none"), "The prompt.", example: "sora is sky"),
      KeySchema(
        "label", .integer(0...1_000_000), .derived("none"), "The class.", example: "207"),
      KeySchema(
        "timestep", .integer(0...1_000_000), .derived("none"), "The step at which a trace looks.",
        example: "3"),
      KeySchema(
        "image", .numbers, .derived("none"),
        "A picture as [channels][height][width]; extents of 1 may be left out.",
        example: "[[0, 1], [1, 0]]"),
      KeySchema(
        "video", .numbers, .derived("none"),
        "A video as [channels][frames][height][width]; extents of 1 may be left out.",
        example: "[[[0, 1], [1, 0]], [[1, 0], [0, 1]]]"),
      KeySchema(
        "noise", .numbers, .derived("none"),
        "The noise, in the latent's shape; extents of 1 may be left out.",
        example: "[[1, -1, 1, -1], [1, -1, 0, 0]]"),
      KeySchema(
        "published", .list(.text(.any), count: 0...256), .derived("none"),
        "The values, as `step.name` of a trace, that the example's author published.",
        example: "[encode.weight]"),
    ])
}
