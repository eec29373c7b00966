import Diagnostics
import Testing
import Text

@Suite struct WordTokenizerTests {
  private func tokenizer(
    _ unknown: WordTokenizer.Unknown = .error, length: Int = 4
  ) -> WordTokenizer {
    WordTokenizer(
      vocabulary: ["sora", "is", "sky", "größe", "3"], unknown: unknown, length: length,
      paddingID: 9)
  }

  private func problems(_ prompt: String, length: Int = 4) -> [Diagnostic] {
    do throws(DiagnosticsError) {
      _ = try tokenizer(length: length).ids(for: prompt)
      return []
    } catch {
      return error.diagnostics
    }
  }

  @Test func lowersSplitsAndPads() throws {
    #expect(try tokenizer().ids(for: "Sora is sky") == [0, 1, 2, 9])
    #expect(try tokenizer().ids(for: "  SKY--sora!is?") == [2, 0, 1, 9])
    #expect(try tokenizer().ids(for: "Größe 3") == [3, 4, 9, 9])
    #expect(try tokenizer().ids(for: "gro\u{308}ße") == [3, 9, 9, 9])
    #expect(try tokenizer().ids(for: "") == [9, 9, 9, 9])
    #expect(try tokenizer().ids(for: "…!") == [9, 9, 9, 9])
  }

  @Test func unknownWordsFollowTheChoice() throws {
    #expect(try tokenizer(.skip).ids(for: "sora was sky") == [0, 2, 9, 9])
    #expect(try tokenizer(.token(5)).ids(for: "sora was sky") == [0, 5, 2, 9])
  }

  @Test func namesEveryUnknownWordItsPlaceAndTheNearest() {
    let found = problems("sora is skye xylophone")
    #expect(found.map(\.rule.id) == ["prompt.unknown-word", "prompt.unknown-word"])
    #expect(
      found.first?.message
        == "word 3 of the prompt, `skye`, is not in the vocabulary; did you mean `sky`?")
    #expect(found.first?.suggestion == "sky")
    #expect(found.last?.message == "word 4 of the prompt, `xylophone`, is not in the vocabulary")
    #expect(found.exitStatus == 4)
  }

  @Test func wordsThatAreNotReadAreNamed() throws {
    let skipping = try tokenizer(.skip).reading(of: "sora was skye")
    #expect(skipping.ids == [0, 9, 9, 9])
    #expect(
      skipping.warnings.map(\.message) == [
        "word 2 of the prompt, `was`, is not in the vocabulary and is left out",
        "word 3 of the prompt, `skye`, is not in the vocabulary and is left out; did you mean `sky`?",
      ])
    #expect(skipping.warnings.allSatisfy { $0.rule.severity == .warning })
    let unknown = try tokenizer(.token(5)).reading(of: "xylophone sky")
    #expect(unknown.ids == [5, 2, 9, 9])
    #expect(
      unknown.warnings.map(\.message) == [
        "word 1 of the prompt, `xylophone`, is not in the vocabulary and is read as an unknown one"
      ])
    #expect(try tokenizer().reading(of: "sora is sky").warnings.isEmpty)
  }

  @Test func aLongPromptIsCutForATextEncoder() throws {
    let cutting = WordTokenizer(
      vocabulary: ["a", "red", "sky", "at", "night"], unknown: .skip, length: 3,
      cutsLongPrompts: true, paddingID: 5)
    let reading = try cutting.reading(of: "A very red sky at night")
    #expect(reading.ids == [0, 1, 2])
    #expect(reading.warnings.map(\.rule.id) == ["prompt.unread-word", "prompt.cut"])
    #expect(
      reading.warnings.last?.message
        == "the prompt has 5 words, the model reads 3: it is cut before `at` and `night`")
    #expect(try cutting.reading(of: "a red sky").warnings.isEmpty)
    #expect(try cutting.reading(of: "") == (ids: [5, 5, 5], warnings: []))
  }

  @Test func aLongPromptIsAnError() throws {
    #expect(problems("sora is", length: 1).map(\.rule.id) == ["prompt.too-long"])
    #expect(try tokenizer(.skip, length: 1).ids(for: "was sora was") == [0])
  }
}
