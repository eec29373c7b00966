import GraphIR
import Tensors

extension ReferenceTensor {
  /// `[channels]` as it broadcasts along axis 1 of a value.
  func alongChannels(rank: Int) -> ReferenceTensor {
    reshaped(Shape(shape.dimensions + [Int](repeating: 1, count: rank - 2)))
  }

  /// Each element of the last two axes repeated along both.
  func upsampled(by factor: Int) -> ReferenceTensor {
    let (height, width) = (shape[2], shape[3])
    var result: [Double] = []
    for plane in 0..<(shape[0] * shape[1]) {
      for y in 0..<(height * factor) {
        for x in 0..<(width * factor) {
          result.append(values[(plane * height + y / factor) * width + x / factor])
        }
      }
    }
    return ReferenceTensor([shape[0], shape[1], height * factor, width * factor], result)
  }
}

/// `residual + activation(sum x[shifted] * weight + bias)`; operands as `LinearEpilogue` says.
func convolution(
  _ operands: [ReferenceTensor], _ window: Convolution, _ epilogue: LinearEpilogue,
  into shape: Shape
) -> ReferenceTensor {
  let (x, weight) = (operands[0], operands[1])
  var rest = operands[2...]
  let bias = epilogue.bias ? rest.removeFirst() : nil
  let residual = epilogue.residual ? rest.removeFirst() : nil
  let strides = shape.strides
  var result: [Double] = []
  for position in 0..<shape.elementCount {
    let index = (0..<4).map { position / strides[$0] % shape[$0] }
    var value = 0.0
    for c in 0..<x.shape[1] {
      for i in 0..<weight.shape[2] {
        let row = index[2] * window.stride[0] + i - window.padding[0]
        guard (0..<x.shape[2]).contains(row) else { continue }
        for j in 0..<weight.shape[3] {
          let column = index[3] * window.stride[1] + j - window.padding[2]
          guard (0..<x.shape[3]).contains(column) else { continue }
          let element = ((index[0] * x.shape[1] + c) * x.shape[2] + row) * x.shape[3] + column
          let factor =
            ((index[1] * x.shape[1] + c) * weight.shape[2] + i) * weight.shape[3] + j
          value += x.values[element] * weight.values[factor]
        }
      }
    }
    if let bias { value += bias.values[index[1]] }
    if let activation = epilogue.activation { value = activation.evaluate(value) }
    if let residual { value += residual.values[position] }
    result.append(value)
  }
  return ReferenceTensor(shape, result)
}
