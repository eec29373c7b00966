import CKernels
import Kernels
import Testing

@Suite struct LinearBF16Tests {
  /// A linear with every part present or not, run on a row and in double precision.
  struct Problem {
    var m: Int
    var n: Int
    var k: Int
    var aElement = DTH_BF16
    var resultElement = DTH_F32
    var bias = false
    var activation = DTH_ACTIVATION_NONE
    var gateRows = 0
    var residualRows = 0
    var inPlace = false
    var transposed = false
    var rowPadding = 0
    var resultPadding = 0
    var usesOffsets = false

    private var weight: [Float] { numbers(n * k, seed: 2) }
    private var biasValues: [Float] { numbers(n, seed: 3) }
    private var gateValues: [Float] { numbers(max(gateRows, 1) * n, seed: 4) }
    private var residualValues: [Float] { numbers(max(residualRows, 1) * n, seed: 5) }
    private var a: Elements { Elements(numbers(m * (k + rowPadding), seed: 1), aElement) }

    func exact() -> [Double] {
      let a = a
      let w = weight.map { Double(widened(roundedToBF16($0))) }
      let rows = (0..<m).map { row in (0..<k).map { a.factor(row * (k + rowPadding) + $0) } }
      var result = [Double](repeating: 0, count: m * n)
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for i in 0..<k { sum += rows[row][i] * w[transposed ? i * n + column : column * k + i] }
          if bias { sum += Double(biasValues[column]) }
          sum = exactActivation(activation, sum)
          if gateRows > 0 { sum *= Double(gateValues[row / (m / gateRows) * n + column]) }
          if residualRows > 0 {
            sum += Double(residualValues[row % residualRows * n + column])
          }
          result[row * n + column] = sum
        }
      }
      return result
    }

    /// The result, its rows without padding.
    func run(on kernelRow: KernelRow, threads: Int) -> Elements {
      let stride = n + resultPadding
      let a = a
      let packed = packedBF16(weight, n: n, k: k, transposed: transposed)
      let bias = Floats(biasValues)
      let gate = Floats(gateValues)
      let residual = Floats(residualValues)
      let apart = Elements(count: m * stride, resultElement)
      var arguments = dth_linear_args()
      arguments.m = Int64(m)
      arguments.n = Int64(n)
      arguments.k = Int64(k)
      arguments.row_stride = Int64(k + rowPadding)
      arguments.result_stride = Int64(stride)
      arguments.activation = activation
      arguments.gate_rows = Int64(gateRows)
      arguments.gate_stride = Int64(n)
      arguments.residual_rows = Int64(residualRows)
      arguments.residual_stride = Int64(n)
      arguments.a_element = aElement
      arguments.result_element = resultElement
      let rowOffsets = (0..<m).map { Int32($0 * (k + rowPadding)) }
      let columnOffsets = (0..<k).map(Int32.init)
      rowOffsets.withUnsafeBufferPointer { rowOffsets in
        columnOffsets.withUnsafeBufferPointer { columnOffsets in
          if usesOffsets {
            arguments.row_offsets = rowOffsets.baseAddress
            arguments.column_offsets = columnOffsets.baseAddress
          }
          execute(
            kernelRow.functions.pointee.linear_bf16, arguments,
            at: [
              inPlace ? residual.raw : apart.raw, a.raw, packed.raw, self.bias ? bias.raw : nil,
              gateRows > 0 ? gate.raw : nil, residualRows > 0 ? residual.raw : nil,
            ], threads: threads, scratch: dth_linear_bf16_scratch_bytes(&arguments))
        }
      }
      #expect(a.isIntact && packed.isIntact && apart.isIntact)
      for buffer in [bias, gate, residual] { #expect(buffer.isIntact) }
      return Elements(
        (0..<m).flatMap { row in
          (0..<n).map { inPlace ? residual[row * stride + $0] : apart[row * stride + $0] }
        }, resultElement)
    }

    /// Checks the result, and that all numbers of threads give it.
    func check(on row: KernelRow, tolerance: Double = 3e-6) {
      let result = run(on: row, threads: 1)
      let error = relativeErrorBeyondRounding(result, exact())
      #expect(error < tolerance, "\(error): \(self)")
      for threads in threadCounts.dropFirst() {
        #expect(run(on: row, threads: threads).bits == result.bits, "\(threads) threads, \(self)")
      }
    }
  }

  /// The problem with every pair of types.
  private func check(_ problem: Problem, on row: KernelRow, tolerance: Double = 3e-6) {
    for (a, result) in elementPairs {
      var typed = problem
      typed.aElement = a
      typed.resultElement = result
      typed.check(on: row, tolerance: tolerance)
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents`(row: KernelRow) {
    for m in [1, 3, 14, 15, 16, 17, 31, 32, 33, 49] {
      for n in [1, 16, 17, 31, 32, 33, 65] {
        check(Problem(m: m, n: n, k: m.isMultiple(of: 2) ? 5 : 32, bias: true), on: row)
      }
    }
    for k in [1, 2, 3, 4, 7, 31, 32, 33, 63, 64, 130] {
      check(Problem(m: 17, n: 40, k: k), on: row)
    }
    check(Problem(m: 100, n: 7, k: 31), on: row)
    check(Problem(m: 2, n: 300, k: 31), on: row)
  }

  @Test(arguments: KernelRow.supported) func `every epilogue`(row: KernelRow) {
    let activations = [
      DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU, DTH_ACTIVATION_GELU_TANH,
      DTH_ACTIVATION_SILU, DTH_ACTIVATION_SIGMOID, DTH_ACTIVATION_TANH,
    ]
    for activation in activations {
      for bias in [false, true] {
        for gateRows in [0, 1, 2, 18] {
          for residualRows in [0, 1, 9, 18] {
            check(
              Problem(
                m: 18, n: 37, k: 6, bias: bias, activation: activation, gateRows: gateRows,
                residualRows: residualRows), on: row, tolerance: 6e-6)
          }
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `the result may take the residual's place`(row: KernelRow) {
    for (n, k) in [(70, 20), (96, 64)] {
      let problem = Problem(
        m: 33, n: n, k: k, bias: true, activation: DTH_ACTIVATION_SILU, gateRows: 3,
        residualRows: 33, inPlace: true)
      problem.check(on: row, tolerance: 6e-6)
      var apart = problem
      apart.inPlace = false
      #expect(apart.run(on: row, threads: 1).bits == problem.run(on: row, threads: 2).bits)
    }
  }

  @Test(arguments: KernelRow.supported) func `rows apart, weights transposed`(row: KernelRow) {
    for k in [33, 64] {
      check(Problem(m: 19, n: 45, k: k, transposed: true, rowPadding: 5), on: row)
      check(Problem(m: 40, n: 64, k: k, rowPadding: 32, resultPadding: 3), on: row)
    }
  }

  @Test(arguments: KernelRow.supported) func `offsets read the same elements`(row: KernelRow) {
    for (a, result) in elementPairs {
      var problem = Problem(
        m: 23, n: 40, k: 18, aElement: a, resultElement: result, bias: true, rowPadding: 2)
      let strided = problem.run(on: row, threads: 1)
      problem.usesOffsets = true
      #expect(problem.run(on: row, threads: 3).bits == strided.bits)
    }
  }

  @Test(arguments: KernelRow.supported) func `long rows, many chunks`(row: KernelRow) {
    check(Problem(m: 3, n: 33, k: 9001, bias: true), on: row, tolerance: 1e-5)
    check(Problem(m: 300, n: 3, k: 4608), on: row, tolerance: 1e-5)
  }

  @Test(arguments: KernelRow.supported)
  func `a row's result does not depend on the rows beside it`(row: KernelRow) {
    for k in [50, 64] {
      let all = Problem(
        m: 40, n: 35, k: k, resultElement: DTH_BF16, bias: true, activation: DTH_ACTIVATION_GELU)
      let bits = all.run(on: row, threads: 1).bits
      for m in 1..<40 {
        var some = all
        some.m = m
        #expect(some.run(on: row, threads: 1).bits == Array(bits[..<(m * 35)]))
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity stay`(row: KernelRow) {
    for (aElement, resultElement) in elementPairs {
      let rows = Elements([1, .nan, 1, .infinity, 1, 1], aElement)
      let packed = packedBF16([1, 2, -1, 0], n: 2, k: 2)
      for activation in [
        DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU, DTH_ACTIVATION_GELU_TANH,
        DTH_ACTIVATION_SILU,
      ] {
        let result = Elements(count: 6, resultElement)
        var arguments = dth_linear_args()
        arguments.m = 3
        arguments.n = 2
        arguments.k = 2
        arguments.row_stride = 2
        arguments.result_stride = 2
        arguments.activation = activation
        arguments.a_element = aElement
        arguments.result_element = resultElement
        execute(
          row.functions.pointee.linear_bf16, arguments,
          at: [result.raw, rows.raw, packed.raw, nil, nil, nil], threads: 1,
          scratch: dth_linear_bf16_scratch_bytes(&arguments))
        // Zero times NaN is NaN; the columns of padding reach no result.
        #expect(result[0].isNaN && result[1].isNaN)
        #expect(result[2] == .infinity)
        #expect(abs(result[4] - Float(exactActivation(activation, 3))) < 0.01)
      }
    }
  }
}

/// Every choice of types of operands and results.
let elementPairs = [
  (DTH_F32, DTH_F32), (DTH_F32, DTH_BF16), (DTH_BF16, DTH_F32), (DTH_BF16, DTH_BF16),
]
