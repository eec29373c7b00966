import GraphIR
import Kernels
import Planning
import Runtime
import Tensors
import Testing

@Suite struct BadTensorTests {
  private func executable() throws -> Executable {
    let staged = try StagedSample().staged
    return try SampleBindings(staged, seed: 1).executable(staged)
  }

  private func message(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
  }

  @Test func unknownInput() throws {
    let executable = try executable()
    #expect(
      message { try executable.set("id", Tensor([1], [0])) }
        == "there is no input id; the inputs are ids, times")
  }

  @Test func carriedValueIsNoInput() throws {
    let executable = try executable()
    #expect(message { try executable.set("carried.1", Tensor([6], [0, 0, 0, 0, 0, 0])) } != nil)
  }

  @Test func wrongShape() throws {
    let executable = try executable()
    #expect(
      message { try executable.set("times", Tensor([4], [0, 0, 0, 0])) }
        == "the input times has the shape [4]; it must be [4,1]")
  }

  @Test(arguments: [Float(9), -1, 0.5, .nan, .infinity, 1e30])
  func idOutsideTheTable(id: Float) throws {
    let executable = try executable()
    #expect(message { try executable.set("ids", Tensor([3], [0, 1, id])) } != nil)
  }

  @Test func missingInput() throws {
    let staged = try StagedSample().staged
    var bindings = SampleBindings(staged, seed: 1)
    bindings.inputs["times"] = nil
    let executable = try bindings.executable(staged)
    #expect(message { try executable.prepare() } == "the input times has no value")
  }

  @Test func parameterOfAnotherSize() throws {
    let staged = try StagedSample().staged
    var bindings = SampleBindings(staged, seed: 1)
    bindings.parameters["words"] = Tensor([2], [1, 2])
    #expect(
      message { _ = try bindings.executable(staged) }
        == "the parameter words has 2 elements, which do not make [9,6]")
    bindings.parameters["words"] = nil
    #expect(
      message { _ = try bindings.executable(staged) } == "the parameter words has no value")
  }

  @Test func unknownOutputAndState() throws {
    let executable = try executable()
    #expect(message { _ = try executable.output("x") } == "there is no output x")
    #expect(message { _ = try executable.state("x") } == "there is no state x")
  }

  @Test func moreAxesThanTheKernelsWalk() throws {
    var b = GraphBuilder(name: "axes")
    let x = b.input("x", .f32([Int](repeating: 2, count: 10)))
    b.output("out", try b.permute(x, Array((0..<10).reversed())))
    let graph = StagedGraph(b.graph)
    let plan = StagedPlan(graph)
    #expect(
      message { _ = try ProgramOutline(graph, plan) }
        == "%1 walks 10 axes at once; at most 8 are possible")
  }

  @Test func carriedValueOfTwoTypes() throws {
    var first = GraphBuilder(name: "prompt")
    first.output("carried.0", first.input("x", .f32([4])))
    var second = GraphBuilder(name: "step")
    second.output("out", second.input("carried.0", .f32([5])))
    let staged = StagedGraph([Stage(.prompt, first.graph), Stage(.step, second.graph)])
    #expect(
      message { _ = try SampleBindings(staged, seed: 1).executable(staged) }
        == "step takes f32[5] where f32[4] is handed on")
  }

  @Test func moreMemoryThanTheMachineHas() throws {
    var b = GraphBuilder(name: "large")
    let x = try b.append(.broadcast([1 << 20, 1 << 20, 1 << 10]), [b.input("x", .f32([1]))])
    b.output("out", try b.append(.reduce(.sum, axes: [0, 1, 2]), [x]))
    let staged = StagedGraph(b.graph)
    let text = try #require(message { _ = try SampleBindings(staged, seed: 1).executable(staged) })
    #expect(text.hasPrefix("the graph needs 4503599627370"))
  }
}
