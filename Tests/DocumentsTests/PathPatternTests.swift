import Documents
import Testing

@Suite struct PathPatternTests {
  @Test(
    arguments: [
      ("Specs/invalid/**", "Specs/invalid/a.yaml"), ("Specs/invalid/**", "Specs/invalid/b/c.yaml"),
      ("Specs/invalid", "Specs/invalid/b/c.yaml"), ("invalid", "Specs/invalid/a.yaml"),
      ("invalid/", "Specs/invalid/a.yaml"), ("*.yml", "a/b/c.yml"), ("a?.yaml", "x/ab.yaml"),
      ("**/c.yaml", "c.yaml"), ("**/c.yaml", "a/b/c.yaml"), ("a/**/c.yaml", "a/c.yaml"),
      ("a/**/c.yaml", "a/b/b/c.yaml"), ("a*b*c", "aXXbYYbc"), ("./a.yaml", "a.yaml"),
      ("a.yaml", "./a.yaml"), ("日?", "日本"), ("**", "a/b"), ("*", "a"),
    ])
  func matches(_ pattern: String, _ path: String) {
    #expect(PathPattern(pattern).matches(path))
  }

  @Test(
    arguments: [
      ("Specs/invalid/**", "Specs/valid/a.yaml"), ("*.yml", "a.yaml"), ("a?.yaml", "a.yaml"),
      ("a/*.yaml", "a/b/c.yaml"), ("a/*.yaml", "b/a/c.yaml"), ("./a.yaml", "b/a.yaml"),
      ("a/**/c.yaml", "b/a/c.yaml"), ("Specs", "MySpecs/a.yaml"), ("", "a"), ("a*b", "aXc"),
    ])
  func doesNotMatch(_ pattern: String, _ path: String) {
    #expect(!PathPattern(pattern).matches(path))
  }

  @Test func isQuickOnPatternsMadeToBeSlow() {
    let pattern = PathPattern(String(repeating: "**/a*", count: 40) + "/b")
    #expect(!pattern.matches(String(repeating: "aaaa/", count: 200) + "c"))
  }
}
