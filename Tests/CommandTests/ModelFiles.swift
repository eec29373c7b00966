import Foundation
import Tensors
import Weights

/// A DiT small enough for a test: 16 tokens of width 24.
let tinySpec = """
  ditharos: 1
  name: tiny
  latent: {channels: 4, height: 8, width: 8}
  patch_size: 2
  latent_dim: 24
  depth: 2
  heads: 3
  conditioning:
    label: {classes: 10, dropout: 0.1}
    modulation: adaln_zero
  final_layer: {out_channels: 8}
  diffusion: {schedule: linear, prediction: epsilon, variance: learned_range}

  """

/// The values of the one tensor of a safetensors file.
func values(_ path: String, _ name: String) throws -> [Float] {
  try SafetensorsFile(path: path)[name]?.tensor.values ?? []
}

/// Writes tensors to a safetensors file.
func write(_ tensors: [(String, [Int], [Float])], to path: String) throws {
  let contents = tensors.map { TensorContent($0.0, Tensor($0.1, $0.2)) }
  try Data(SafetensorsWriter.encode(contents)).write(to: URL(fileURLWithPath: path))
}
