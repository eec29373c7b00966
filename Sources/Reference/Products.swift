import Tensors

/// `a · b` over the last two axes, the leading ones broadcast.
func matmul(
  _ a: ReferenceTensor, _ b: ReferenceTensor, transposeA: Bool, transposeB: Bool
) -> ReferenceTensor {
  let (m, k) = transposeA ? (a.shape[-1], a.shape[-2]) : (a.shape[-2], a.shape[-1])
  let n = transposeB ? b.shape[-2] : b.shape[-1]
  let leadA = Array(a.shape.dimensions.dropLast(2))
  let leadB = Array(b.shape.dimensions.dropLast(2))
  guard let lead = Shape(leadA).broadcast(with: Shape(leadB)) else {
    preconditionFailure("\(a.shape) and \(b.shape) do not broadcast")
  }
  let a = a.broadcast(to: Shape(lead.dimensions + a.shape.dimensions.suffix(2)))
  let b = b.broadcast(to: Shape(lead.dimensions + b.shape.dimensions.suffix(2)))
  var result: [Double] = []
  result.reserveCapacity(lead.elementCount * m * n)
  for batch in 0..<lead.elementCount {
    for row in 0..<m {
      for column in 0..<n {
        var left = batch * m * k + (transposeA ? row : row * k)
        var right = batch * k * n + (transposeB ? column * k : column)
        var sum = 0.0
        for _ in 0..<k {
          sum += a.values[left] * b.values[right]
          left += transposeA ? m : 1
          right += transposeB ? 1 : n
        }
        result.append(sum)
      }
    }
  }
  return ReferenceTensor(Shape(lead.dimensions + [m, n]), result)
}
