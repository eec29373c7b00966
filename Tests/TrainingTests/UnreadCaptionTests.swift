import ModelSpec
import Testing
import Training

/// What a person is told of the words of captions that a model does not read.
@Suite struct UnreadCaptionTests {
  private func text(
    _ captions: [String], _ unknown: PromptCondition.Unknown = .skip, length: Int = 4
  ) -> String? {
    let prompt = PromptCondition(
      TextEncoder(
        width: 4, depth: 1, heads: 1, hidden: 4, activation: .relu, normEpsilon: 1e-6,
        length: length, unknown: unknown, vocabulary: ["red", "balloon", "night", "sky"]),
      dropout: 0)
    var unread = UnreadCaptions()
    for caption in captions { unread.add(caption, for: prompt) }
    return unread.text(for: prompt)
  }

  @Test func `nothing where all is read`() {
    #expect(text(["Red balloon", "red sky, red night", ""]) == nil)
  }

  @Test func `unknown words by how often they occur, and the nearest known one`() {
    #expect(
      text(["a red balon", "a balloon", "a balon xylophone"])
        == "captions: words left out: `a` 3 x, `balon` 2 x (did you mean `balloon`?), "
        + "`xylophone` 1 x")
    #expect(text(["zebra"], .token) == "captions: read as unknown: `zebra` 1 x")
    #expect(
      text(["one two three four five six seven"])?.hasSuffix("`six` 1 x, and 2 more") == true)
  }

  @Test func `captions that are cut, by the words that take a place`() {
    #expect(text(["red red red a sky"]) == "captions: words left out: `a` 1 x")
    #expect(text(["red red red sky sky"]) == "captions: 1 caption cut to 4 words")
    #expect(
      text(["red red red a sky", "red sky red sky red"], .token)
        == "captions: read as unknown: `a` 1 x; 2 captions cut to 4 words")
  }
}
