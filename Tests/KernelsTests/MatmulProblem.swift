import CKernels
import Kernels

/// A product of matrices over batch axes; a false flag broadcasts the operand along the axis.
struct MatmulProblem {
  var m: Int
  var n: Int
  var k: Int
  var batch: [(extent: Int, a: Bool, b: Bool)] = []
  var transposeA = false
  var transposeB = false
  /// What rows of the operands are apart beyond their columns.
  var padding = 0

  private var aRow: Int { (transposeA ? m : k) + padding }
  private var bRow: Int { (transposeB ? k : n) + padding }
  private var aSize: Int { aRow * (transposeA ? k : m) }
  private var bSize: Int { bRow * (transposeB ? n : k) }

  /// The elements of an operand.
  var aCount: Int { count(batch.map(\.a), size: aSize) }
  var bCount: Int { count(batch.map(\.b), size: bSize) }
  /// The elements of the result.
  var resultCount: Int { count(batch.map { _ in true }, size: m * n) }

  private func strides(_ varies: [Bool], size: Int) -> [Int] {
    var stride = size
    var result = [Int](repeating: 0, count: batch.count)
    for axis in batch.indices.reversed() where varies[axis] {
      result[axis] = stride
      stride *= batch[axis].extent
    }
    return result
  }

  private func count(_ varies: [Bool], size: Int) -> Int {
    zip(batch, varies).reduce(size) { $1.1 ? $0 * $1.0.extent : $0 }
  }

  /// What the kernels are told.
  var arguments: dth_matmul_args {
    var arguments = dth_matmul_args()
    arguments.m = Int64(m)
    arguments.n = Int64(n)
    arguments.k = Int64(k)
    setElements(of: &arguments.batch, to: [Int64](repeating: 1, count: 4))
    setElements(of: &arguments.batch, to: batch.map { Int64($0.extent) })
    for (path, varies, size) in [
      (\dth_matmul_args.a_batch_strides, batch.map(\.a), aSize),
      (\.b_batch_strides, batch.map(\.b), bSize),
      (\.result_batch_strides, batch.map { _ in true }, m * n),
    ] {
      setElements(of: &arguments[keyPath: path], to: strides(varies, size: size).map(Int64.init))
    }
    arguments.a_row_stride = Int64(transposeA ? 1 : aRow)
    arguments.a_column_stride = Int64(transposeA ? aRow : 1)
    arguments.b_row_stride = Int64(transposeB ? 1 : bRow)
    arguments.b_column_stride = Int64(transposeB ? bRow : 1)
    arguments.result_stride = Int64(n)
    return arguments
  }

  /// Per element of the result what its terms add up to, each given as places in A and in B.
  func sums<Sum>(from none: Sum, _ add: (inout Sum, _ x: Int, _ y: Int) -> Void) -> [Sum] {
    let (aStrides, bStrides) = (
      strides(batch.map(\.a), size: aSize), strides(batch.map(\.b), size: bSize)
    )
    var result: [Sum] = []
    for entry in 0..<(resultCount / (m * n)) {
      var (rest, aBase, bBase) = (entry, 0, 0)
      for axis in batch.indices.reversed() {
        aBase += rest % batch[axis].extent * aStrides[axis]
        bBase += rest % batch[axis].extent * bStrides[axis]
        rest /= batch[axis].extent
      }
      for i in 0..<m {
        for j in 0..<n {
          var sum = none
          for l in 0..<k {
            add(
              &sum, aBase + (transposeA ? l * aRow + i : i * aRow + l),
              bBase + (transposeB ? j * bRow + l : l * bRow + j))
          }
          result.append(sum)
        }
      }
    }
    return result
  }
}
