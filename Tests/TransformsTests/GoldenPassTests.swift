import Glibc
import GraphIR
import Testing
import Transforms

/// Every file `Cases/PASS/*.irtest`: a comment, a graph, what the pass makes of it, its report.
///
/// With `UPDATE_GOLDENS=1` the expectations are rewritten, and the run fails so that nobody takes it
/// for a test.
@Suite struct GoldenPassTests {
  @Test(arguments: GoldenCase.all)
  func `a pass turns the graph of a case into the expected one`(_ golden: GoldenCase) throws {
    let (comment, input, expected) = try golden.read()
    let graph = try GraphParser.parse(input)
    let result = try PassPipeline.run([golden.pass], on: graph, verifying: true)
    let actual = GraphPrinter.print(result.graph).text + "----\n" + result.report
    if getenv("UPDATE_GOLDENS") != nil {
      let text = comment + GraphPrinter.print(graph).text + "----\n" + actual
      try text.write(toFile: golden.path)
      Issue.record("\(golden) was rewritten")
      return
    }
    #expect(actual == expected)
    let again = try PassPipeline.run([golden.pass], on: result.graph, verifying: true)
    #expect(again.graph == result.graph)
    let isRounding = [Pass.narrow.name, Pass.roundProducts.name].contains(golden.pass.name)
    try ResultComparison(graph, seed: 1)
      .expectEqual(result.graph, relativeError: isRounding ? 0.02 : 1e-6)
  }

  @Test func `every pass has cases and a name of its own`() {
    #expect(Set(GoldenCase.passes.map(\.name)).count == GoldenCase.passes.count)
    for pass in GoldenCase.passes {
      #expect(GoldenCase.all.contains { $0.pass.name == pass.name }, "\(pass.name) has no case")
    }
  }
}

/// The article that lists the passes.
@Suite struct PassesArticleTests {
  @Test func `the article lists the passes in the order in which they run`() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let article = root.joined(separator: "/") + "/Sources/ditharos/DiTharos.docc/Passes.md"
    let rows = try String(contentsOf: article).split(separator: "\n")
      .filter { $0.hasPrefix("| `") }
    #expect(rows.map { $0.split(separator: "`")[1] } == GoldenCase.passes.map { $0.name[...] })
  }
}

/// A golden file.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  let pass: Pass
  let path: String

  var testDescription: String { path.split(separator: "/").suffix(2).joined(separator: "/") }

  /// The passes that there are.
  static let passes = PassPipeline.all + [Pass.narrow, .roundProducts]

  /// All files, by pass in the order of the pipeline, then by name.
  static let all: [GoldenCase] = passes.flatMap { pass in
    let folder = casesFolder + "/" + pass.name
    return names(in: folder).sorted().map { GoldenCase(pass: pass, path: folder + "/" + $0) }
  }

  private static let casesFolder =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .joined(separator: "/") + "/Cases"

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".irtest") { names.append(name) }
    }
    return names
  }

  /// The comment, the graph, and all that follows it.
  func read() throws -> (comment: String, input: String, expected: String) {
    let lines = try String(contentsOf: path)
      .split(separator: "\n", omittingEmptySubsequences: false)
    let comment = lines.prefix { $0.hasPrefix("#") }
    let rest = lines.dropFirst(comment.count)
    let end = try #require(rest.firstIndex(of: "----"))
    return (
      comment.map { $0 + "\n" }.joined(),
      rest[..<end].map { $0 + "\n" }.joined(),
      rest[(end + 1)...].joined(separator: "\n")
    )
  }
}

extension PassResult {
  /// What was made and refused, a line each.
  var report: String {
    let made = made.map { "made \($0.kind) at '\($0.at)': \($0.count)\n" }
    let refused = refused.map { "refused \($0.kind) at '\($0.at)': \($0.reason)\n" }
    return (made + refused).joined()
  }
}

private struct FileError: Error {
  let path: String
}

extension String {
  fileprivate init(contentsOf path: String) throws {
    guard let file = fopen(path, "r") else { throw FileError(path: path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      bytes += buffer[..<count]
    }
    self.init(decoding: bytes, as: UTF8.self)
  }

  fileprivate func write(toFile path: String) throws {
    guard let file = fopen(path, "w") else { throw FileError(path: path) }
    defer { fclose(file) }
    let bytes = Array(utf8)
    if fwrite(bytes, 1, bytes.count, file) != bytes.count { throw FileError(path: path) }
  }
}
