import CKernels
import Kernels
import Testing

/// A linear with every part present or not, run on a row and in double precision.
struct LinearProblem {
  var m: Int
  var n: Int
  var k: Int
  var bias = false
  var activation = DTH_ACTIVATION_NONE
  var gateRows = 0
  var residualRows = 0
  var residualRepeats = 1
  var inPlace = false
  var transposed = false
  var rowPadding = 0
  var usesOffsets = false
  var gatedUnit = false

  /// The weights, one after the other.
  private var weightCount: Int { gatedUnit ? 2 : 1 }

  func inputs() -> (
    a: [Float], w: [Float], bias: [Float], gate: [Float], residual: [Float]
  ) {
    (
      numbers(m * (k + rowPadding), seed: 1), numbers(weightCount * n * k, seed: 2),
      numbers(weightCount * n, seed: 3), numbers(max(gateRows, 1) * n, seed: 4),
      numbers(max(residualRows, 1) * n, seed: 5)
    )
  }

  func exact() -> [Double] {
    let (a, w, bias, gate, residual) = inputs()
    func product(_ index: Int, _ row: Int, _ column: Int) -> Double {
      var sum = self.bias ? Double(bias[index * n + column]) : 0
      for i in 0..<k {
        let weight = index * n * k + (transposed ? i * n + column : column * k + i)
        sum += Double(a[row * (k + rowPadding) + i]) * Double(w[weight])
      }
      return sum
    }
    var result = [Double](repeating: 0, count: m * n)
    for row in 0..<m {
      for column in 0..<n {
        var value = exactActivation(activation, product(0, row, column))
        if gatedUnit { value *= product(1, row, column) }
        if gateRows > 0 { value *= Double(gate[row / (m / gateRows) * n + column]) }
        if residualRows > 0 {
          value += Double(residual[row / residualRepeats % residualRows * n + column])
        }
        result[row * n + column] = value
      }
    }
    return result
  }

  /// The packed weights, by two parts, as a loader with threads makes them.
  private func packed(_ weight: Floats) -> Floats {
    let packed = Floats(count: weightCount * dth_packed_weight_count(Int64(n), Int64(k)))
    let panels = (n + 31) / 32
    let stride = Int64(transposed ? n : k)
    for (first, end) in [(0, panels / 2), (panels / 2, panels)] {
      if gatedUnit {
        dth_pack_gated_weight(
          weight.pointer, weight.pointer + n * k, Int64(n), Int64(k), stride, transposed,
          Int64(first), Int64(end - first), packed.pointer)
      } else {
        dth_pack_weight(
          weight.pointer, Int64(n), Int64(k), stride, transposed, Int64(first),
          Int64(end - first), packed.pointer)
      }
    }
    return packed
  }

  /// The bits of the result, row-major.
  func run(on kernelRow: KernelRow, threads: Int, resultPadding: Int = 0) -> [UInt32] {
    let (a, w, biasValues, gateValues, residualValues) = inputs()
    let rows = Floats(a)
    let weight = Floats(w)
    let packed = packed(weight)
    let stride = n + resultPadding
    let bias = Floats(biasValues)
    let gate = Floats(gateValues)
    let residual = Floats(residualValues)
    let result = inPlace ? residual : Floats(count: m * stride)
    var arguments = dth_linear_args()
    arguments.m = Int64(m)
    arguments.n = Int64(n)
    arguments.k = Int64(k)
    arguments.row_stride = Int64(k + rowPadding)
    let rowOffsets = (0..<m).map { Int32($0 * (k + rowPadding)) }
    let columnOffsets = (0..<k).map(Int32.init)
    arguments.result_stride = Int64(stride)
    arguments.activation = activation
    arguments.gate_rows = Int64(gateRows)
    arguments.gate_stride = Int64(n)
    arguments.residual_rows = Int64(residualRows)
    arguments.residual_stride = Int64(n)
    arguments.residual_repeats = Int64(residualRepeats)
    arguments.gated_unit = gatedUnit
    rowOffsets.withUnsafeBufferPointer { rowOffsets in
      columnOffsets.withUnsafeBufferPointer { columnOffsets in
        if usesOffsets {
          arguments.row_offsets = rowOffsets.baseAddress
          arguments.column_offsets = columnOffsets.baseAddress
        }
        execute(
          kernelRow.functions.pointee.linear, arguments,
          [
            result, rows, packed, self.bias ? bias : nil,
            gateRows > 0 ? gate : nil, residualRows > 0 ? residual : nil,
          ], threads: threads, scratch: dth_linear_scratch_bytes(&arguments))
      }
    }
    for buffer in [rows, weight, packed, bias, gate, residual, result] {
      #expect(buffer.isIntact)
    }
    return (0..<m).flatMap { row in
      (0..<n).map { result[row * stride + $0].bitPattern }
    }
  }

  /// Checks the result against the exact one, and against itself with other numbers of threads.
  func check(on row: KernelRow, tolerance: Double = 1e-6) {
    let bits = run(on: row, threads: 1)
    let error = relativeError(bits.map(Float.init(bitPattern:)), exact())
    #expect(error < tolerance, "\(error): \(self)")
    for threads in threadCounts.dropFirst() {
      #expect(run(on: row, threads: threads) == bits, "\(threads) threads, \(self)")
    }
  }
}
