import GraphIR
import Tensors

/// The rules of `rms_norm` and of the ops over images.
extension Cotangents {
  /// `(dy - y mean(dy y)) / sqrt(mean x² + epsilon)` over the last axis.
  mutating func rmsNorm(
    _ x: ValueID, epsilon: Double, _ y: ValueID, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let axes = [builder.shape(x).rank - 1]
    let square = try builder.keeping(.mean, axes: axes, of: builder.multiply(x, x))
    let factor = try builder.unary(.rsqrt, builder.add(square, builder.scalar(epsilon)))
    let projection = try builder.keeping(
      .mean, axes: axes, of: builder.multiply(cotangent, y))
    let inner = try builder.subtract(cotangent, builder.multiply(y, projection))
    return try builder.multiply(inner, factor)
  }

  /// The rule of `layerNorm`, with a row per group.
  mutating func groupNorm(
    _ x: ValueID, groups: Int, epsilon: Double, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let shape = builder.shape(x)
    let rows = shape[0] * groups
    let values = try [x, cotangent].map { value throws(GraphError) in
      try builder.reshape(value, [rows, shape.elementCount / rows])
    }
    let result = try builder.append(
      .normGradient(epsilon: epsilon, scale: false, residual: false), values)
    return try builder.reshape(result, shape.dimensions)
  }

  /// The sum over what an element was repeated to.
  mutating func upsample(
    _ factor: Int, _ shape: Shape, _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let split = try builder.reshape(
      cotangent, [shape[0], shape[1], shape[2], factor, shape[3], factor])
    return try builder.append(.reduce(.sum, axes: [3, 5]), [split])
  }

  /// What a convolution passes on to its image, its kernels or its bias.
  ///
  /// - Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning
  ///   (arXiv 1603.07285), section 4.
  mutating func convolution(
    _ window: Convolution, to place: Int, _ operands: [ValueID], _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    switch place {
    case 0: return try image(window, operands, cotangent)
    case 1: return try kernels(window, operands, cotangent)
    default: return try builder.append(.reduce(.sum, axes: [0, 2, 3]), [cotangent])
    }
  }

  /// The cotangent, its rows and columns a stride apart, convolved with the kernels turned around.
  private mutating func image(
    _ window: Convolution, _ operands: [ValueID], _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let (x, weight) = (builder.shape(operands[0]), builder.shape(operands[1]))
    let spread = try spread(cotangent, window.stride)
    let extents = builder.shape(spread)
    let before = [weight[2] - 1 - window.padding[0], weight[3] - 1 - window.padding[2]]
    let after = (0..<2).map { axis in
      x[2 + axis] - extents[2 + axis] + weight[2 + axis] - 1 - before[axis]
    }
    return try convolution(spread, turned(operands[1]), before: before, after: after)
  }

  /// The images convolved with the cotangent, batch and channels having changed places.
  private mutating func kernels(
    _ window: Convolution, _ operands: [ValueID], _ cotangent: ValueID
  ) throws(GraphError) -> ValueID {
    let (x, weight) = (builder.shape(operands[0]), builder.shape(operands[1]))
    let images = try builder.permute(operands[0], [1, 0, 2, 3])
    let spread = try spread(builder.permute(cotangent, [1, 0, 2, 3]), window.stride)
    let extents = builder.shape(spread)
    let before = [window.padding[0], window.padding[2]]
    let after = (0..<2).map { axis in
      weight[2 + axis] - 1 + extents[2 + axis] - x[2 + axis] - before[axis]
    }
    let product = try convolution(images, spread, before: before, after: after)
    return try builder.permute(product, [1, 0, 2, 3])
  }

  /// A convolution of stride 1 whose padding may be negative: then rows or columns are cut off.
  private mutating func convolution(
    _ x: ValueID, _ weight: ValueID, before: [Int], after: [Int]
  ) throws(GraphError) -> ValueID {
    var x = x
    for axis in 0..<2 {
      let (start, end) = (max(0, -before[axis]), max(0, -after[axis]))
      if start + end > 0 {
        let count = builder.shape(x)[2 + axis] - start - end
        x = try builder.slice(x, axis: 2 + axis, start: start, count: count)
      }
    }
    let padding = [before[0], after[0], before[1], after[1]].map { max(0, $0) }
    return try builder.append(.convolution(Convolution(padding: padding)), [x, weight])
  }

  /// Rows and columns a stride apart, with zeros between.
  private mutating func spread(
    _ value: ValueID, _ stride: [Int]
  ) throws(GraphError) -> ValueID {
    var value = value
    for axis in 0..<2 where stride[axis] > 1 {
      let shape = builder.shape(value)
      let position = 2 + axis
      var split = shape.dimensions
      split.insert(1, at: position + 1)
      var gap = split
      gap[position + 1] = stride[axis] - 1
      let parts = [try builder.reshape(value, split), try builder.zeros(Shape(gap))]
      var joined = shape.dimensions
      joined[position] *= stride[axis]
      value = try builder.reshape(builder.concat(parts, axis: position + 1), joined)
      value = try builder.slice(
        value, axis: position, start: 0, count: joined[position] - stride[axis] + 1)
    }
    return value
  }

  /// `[o, i, kh, kw]` as `[i, o, kh, kw]`, the last two axes running backwards.
  private mutating func turned(_ weight: ValueID) throws(GraphError) -> ValueID {
    let shape = builder.shape(weight)
    let (outs, channels, taps) = (shape[0], shape[1], shape[2] * shape[3])
    let rows = try builder.reshape(
      builder.permute(weight, [2, 3, 1, 0]), [taps, channels * outs])
    let ids = builder.constant(Tensor(ids: [taps], (0..<taps).reversed().map { $0 }))
    let backwards = try builder.reshape(
      builder.append(.gather, [rows, ids]), [shape[2], shape[3], channels, outs])
    return try builder.permute(backwards, [2, 3, 0, 1])
  }
}
