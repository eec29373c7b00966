import Compiler
import GraphIR
import ModelSpec
import Planning
import Tensors
import Testing
import Transforms

/// The graph of a loss and its gradients where matrices are multiplied in `bf16`.
@Suite struct BF16GradientTests {
  @Test(arguments: [PassPipeline.none, PassPipeline.all])
  func `every product of the gradients is of bf16, and values take less memory`(
    passes: [Pass]
  ) throws {
    func training(_ precision: Precision) throws -> CompiledTraining {
      let text = """
        ditharos: 1
        name: flow
        latent: {channels: 2, height: 4, width: 4}
        patch_size: 2
        latent_dim: 16
        depth: 2
        heads: 2
        conditioning: {label: {classes: 3}, modulation: adaln_zero}
        diffusion: {sampler: euler, schedule: flow, prediction: flow}
        training: {optimizer: {kind: adamw, learning_rate: 0.02}, batch: 64}
        """
      var options = CompileOptions()
      options.precision = precision
      options.passes = passes
      options.isVerifying = true
      options.batch = 64
      let loaded = try loadSpec(text: text, file: "flow.yaml", folder: nil)
      return try ModelCompiler(loaded, options: options).training()
    }
    let (short, wide) = (try training(.bf16), try training(.f32))
    for stage in short.gradients.staged.stages {
      for node in stage.graph.nodes {
        switch node.op {
        case .matmul, .linear, .patchLinear:
          #expect(node.op.multipliesShort(node.inputs.map { stage.graph[$0].type }))
        default: break
        }
      }
    }
    #expect(short.states == wide.states && short.states.allSatisfy { $0.type.dtype == .f32 })
    #expect(short.gradients.plan.arenaByteCount < wide.gradients.plan.arenaByteCount)
  }
}
