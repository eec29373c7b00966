import Compiler
import Diagnostics
import Testing

/// Budgets of deep stacks, which are not compiled block by block.
@Suite struct StackFigureTests {
  private static let limited = [
    SmallModels.picture, SmallModels.video,
  ].map { $0.replacing("depth: 2", with: "depth: 70") }

  /// The sizes in the messages are those of the whole stack.
  @Test(arguments: limited, [1.0, 2.0])
  func `a deep stack has the figures of its blocks one by one`(
    text: String, guidance: Double
  ) throws {
    let loaded = try SmallModels.load(
      text + "\nlimits: {peak_memory: 1KiB, macs_per_step: 1}\n")
    var options = CompileOptions()
    options.guidance = guidance
    let compiler = try ModelCompiler(loaded, options: options)
    let quick = try compiler.exceededBudgets()
    let whole = compiler.exceededBudgets(try compiler.figures())
    #expect(quick.count == 2)
    #expect(quick == whole)
  }
}
