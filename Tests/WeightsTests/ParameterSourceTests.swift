import Diagnostics
import Foundation
import Tensors
import Testing
import Weights

@Suite struct ParameterSourceTests {
  private let wanted = [
    WantedParameter(name: "a", dimensions: [2]), WantedParameter(name: "b", dimensions: [1, 2]),
  ]

  private func problem(_ weights: String?) throws -> Diagnostic {
    let error = #expect(throws: DiagnosticsError.self) {
      try ParameterSource.open(wanted, weights: weights)
    }
    #expect(error?.diagnostics.count == 1)
    return try #require(error?.diagnostics.first)
  }

  @Test func `values of the spec win over those of a file`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write(
      [TensorContent("a", Tensor([2], [1, 2])), TensorContent("b", Tensor([1, 2], [3, 4]))],
      to: path)
    let source = try ParameterSource.open(
      wanted, inline: [("b", Tensor([1, 2], [5, 6]))], weights: path)
    #expect(source.withValues(of: "a") { Array($0) } == [1, 2])
    #expect(source.withValues(of: "b") { Array($0) } == [5, 6])
  }

  @Test func `a file need not hold what the spec holds`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write([TensorContent("a", Tensor([2], [1, 2]))], to: path)
    let source = try ParameterSource.open(
      wanted, inline: [("b", Tensor([1, 2], [5, 6]))], weights: path)
    #expect(source.contains("a") && source.contains("b") && !source.contains("c"))
  }

  @Test func `random values fill what the spec leaves open`() throws {
    let source = try ParameterSource.open(
      wanted, inline: [("b", Tensor([1, 2], [5, 6]))], weights: "random:0")
    #expect(source.withValues(of: "a") { Array($0) }.count == 2)
    #expect(source.withValues(of: "b") { Array($0) } == [5, 6])
  }

  @Test func `the spec alone is enough when it holds everything`() throws {
    let source = try ParameterSource.open(
      wanted, inline: [("b", Tensor([1, 2], [5, 6])), ("a", Tensor([2], [0, 1]))], weights: nil)
    #expect(source.withValues(of: "a") { Array($0) } == [0, 1])
  }

  @Test func `parameters without values are named`() throws {
    let problem = try problem(nil)
    #expect(problem.rule.id == "weights.missing")
    #expect(problem.message == "2 parameters without values: `a`, `b`")
    #expect(problem.help?.contains("--weights random:0") == true)
  }

  @Test func `half and bfloat files are read as floats`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try SafetensorsWriter.write(
      [
        TensorContent("a", Tensor(TensorType(.f16, [2]), [1.5, -2])),
        TensorContent("b", Tensor(TensorType(.bf16, [1, 2]), [3, 0.5])),
      ], to: path)
    let source = try ParameterSource.open(wanted, weights: path)
    #expect(source.withValues(of: "a") { Array($0) } == [1.5, -2])
    #expect(source.withValues(of: "b") { Array($0) } == [3, 0.5])
  }

  @Test(arguments: ["x.pt", "x.PTH", "x.ckpt", "x.bin"])
  func `a pickle checkpoint is refused with the way to convert it`(_ name: String) throws {
    let problem = try problem("folder/" + name)
    #expect(problem.rule.kind == .input)
    #expect(problem.message.contains("pickle"))
    #expect(problem.help?.contains("torch.load('folder/\(name)'") == true)
    #expect(problem.help?.contains("safetensors.torch.save_file") == true)
    // What a training checkpoint holds besides the weights is left behind.
    #expect(problem.help?.contains("'ema'") == true)
  }

  @Test func `a diffusers folder stands for its file`() throws {
    let folder = try TemporaryFolder()
    let subfolder = folder.path + "/transformer"
    try FileManager.default.createDirectory(
      atPath: subfolder, withIntermediateDirectories: true)
    #expect(try problem(folder.path).message.contains("has no diffusion_pytorch_model"))
    try SafetensorsWriter.write(
      [TensorContent("a", Tensor([2], [1, 2])), TensorContent("b", Tensor([1, 2], [3, 4]))],
      to: subfolder + "/diffusion_pytorch_model.safetensors")
    for path in [folder.path, folder.path + "/", subfolder] {
      #expect(try ParameterSource.open(wanted, weights: path).contains("a"))
    }
  }

  @Test func `a missing file is named`() throws {
    let problem = try problem("none.safetensors")
    #expect(problem.rule.id == "weights.file")
    #expect(
      problem.message == "cannot open `none.safetensors`: no such file or directory")
  }

  @Test func `a name with a zero byte is refused`() throws {
    #expect(try problem("x\u{0}y").rule.id == "weights.file")
  }
}
