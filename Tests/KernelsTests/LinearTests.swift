import CKernels
import Kernels
import Testing

@Suite struct LinearTests {
  @Test(arguments: KernelRow.supported) func `any extents`(row: KernelRow) {
    for m in [1, 2, 3, 7, 14, 15, 31] {
      for n in [1, 3, 31, 32, 33, 65] {
        LinearProblem(m: m, n: n, k: 5, bias: true).check(on: row)
      }
    }
    for k in [1, 2, 3, 4, 7, 63, 130] { LinearProblem(m: 17, n: 40, k: k).check(on: row) }
    LinearProblem(m: 100, n: 7, k: 31).check(on: row)
    LinearProblem(m: 2, n: 300, k: 31).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `every epilogue`(row: KernelRow) {
    for activation in activations {
      for bias in [false, true] {
        for gateRows in [0, 1, 2, 18] {
          for residualRows in [0, 1, 9, 18] {
            LinearProblem(
              m: 18, n: 37, k: 6, bias: bias, activation: activation, gateRows: gateRows,
              residualRows: residualRows
            ).check(on: row, tolerance: 2e-6)
          }
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `the result may take the residual's place`(row: KernelRow) {
    let problem = LinearProblem(
      m: 30, n: 70, k: 20, bias: true, activation: DTH_ACTIVATION_SILU, gateRows: 3,
      residualRows: 30, inPlace: true)
    problem.check(on: row)
    var apart = problem
    apart.inPlace = false
    #expect(apart.run(on: row, threads: 1) == problem.run(on: row, threads: 2))
  }

  @Test(arguments: KernelRow.supported) func `rows apart, weights transposed`(row: KernelRow) {
    LinearProblem(m: 19, n: 45, k: 33, transposed: true, rowPadding: 5).check(on: row)
    let problem = LinearProblem(m: 19, n: 45, k: 33)
    #expect(
      problem.run(on: row, threads: 2, resultPadding: 3) == problem.run(on: row, threads: 1))
  }

  @Test(arguments: KernelRow.supported) func `offsets read the same elements`(row: KernelRow) {
    var problem = LinearProblem(m: 23, n: 40, k: 18, bias: true, rowPadding: 2)
    let strided = problem.run(on: row, threads: 1)
    problem.usesOffsets = true
    #expect(problem.run(on: row, threads: 3) == strided)
  }

  @Test(arguments: KernelRow.supported)
  func `offsets make patches of an image`(row: KernelRow) throws {
    // A 2x4x6 image (channels, height, width) as 2x3 patches of 2x2 pixels, channels innermost.
    let image = Floats(numbers(48, seed: 8))
    let weight = numbers(3 * 8, seed: 9)
    let packed = Floats(count: dth_packed_weight_count(3, 8))
    dth_pack_weight(weight, 3, 8, 8, false, 0, 1, packed.pointer)
    let rowOffsets: [Int32] = [0, 2, 4, 12, 14, 16]
    let columnOffsets: [Int32] = [0, 24, 1, 25, 6, 30, 7, 31]
    let result = Floats(count: 18)
    rowOffsets.withUnsafeBufferPointer { rowOffsets in
      columnOffsets.withUnsafeBufferPointer { columnOffsets in
        var arguments = dth_linear_args()
        arguments.m = 6
        arguments.n = 3
        arguments.k = 8
        arguments.row_offsets = rowOffsets.baseAddress
        arguments.column_offsets = columnOffsets.baseAddress
        arguments.result_stride = 3
        execute(
          row.functions.pointee.linear, arguments,
          [result, image, packed, nil, nil, nil], threads: 2,
          scratch: dth_linear_scratch_bytes(&arguments))
      }
    }
    var expected: [Double] = []
    for patchY in 0..<2 {
      for patchX in 0..<3 {
        for out in 0..<3 {
          var sum = 0.0
          for y in 0..<2 {
            for x in 0..<2 {
              for channel in 0..<2 {
                let pixel = image.values[channel * 24 + (2 * patchY + y) * 6 + 2 * patchX + x]
                sum += Double(pixel) * Double(weight[out * 8 + (y * 2 + x) * 2 + channel])
              }
            }
          }
          expected.append(sum)
        }
      }
    }
    #expect(relativeError(result.values, expected) < 1e-6)
  }

  @Test(arguments: KernelRow.supported) func `long rows, many chunks`(row: KernelRow) {
    LinearProblem(m: 3, n: 33, k: 9001, bias: true).check(on: row, tolerance: 5e-6)
    LinearProblem(m: 130, n: 3, k: 4099).check(on: row, tolerance: 5e-6)
    // More rows than a chunk, and more panels than a group, with k cut.
    LinearProblem(m: 300, n: 33, k: 580, bias: true).check(on: row, tolerance: 2e-6)
    LinearProblem(
      m: 4, n: 1100, k: 600, bias: true, activation: DTH_ACTIVATION_SILU, gateRows: 2,
      residualRows: 4, inPlace: true
    ).check(on: row, tolerance: 2e-6)
  }

  @Test(arguments: KernelRow.supported) func `scale and shift by groups of rows`(row: KernelRow) {
    for groups in [1, 2, 3, 12] {
      LinearProblem(
        m: 24, n: 70, k: 9, bias: true, gateRows: groups, residualRows: groups,
        residualRepeats: 24 / groups
      ).check(on: row)
    }
    LinearProblem(m: 24, n: 33, k: 4, residualRows: 3, residualRepeats: 2).check(on: row)
  }

  @Test(arguments: KernelRow.supported) func `gated units`(row: KernelRow) {
    for activation in activations {
      LinearProblem(m: 17, n: 40, k: 9, bias: true, activation: activation, gatedUnit: true)
        .check(on: row, tolerance: 2e-6)
    }
    for n in [1, 31, 32, 64, 100] {
      LinearProblem(
        m: 6, n: n, k: 5, activation: DTH_ACTIVATION_SILU, gateRows: 2, residualRows: 6,
        transposed: true, gatedUnit: true
      ).check(on: row, tolerance: 2e-6)
    }
    LinearProblem(m: 20, n: 600, k: 700, bias: true, gatedUnit: true).check(
      on: row, tolerance: 5e-6)
  }

  @Test(arguments: KernelRow.supported)
  func `a row's result does not depend on the rows beside it`(row: KernelRow) {
    for k in [50, 600] {
      let all = LinearProblem(m: 29, n: 35, k: k, bias: true, activation: DTH_ACTIVATION_GELU)
      let bits = all.run(on: row, threads: 1)
      for m in 1..<29 {
        var some = all
        some.m = m
        #expect(some.run(on: row, threads: 1) == Array(bits[..<(m * 35)]))
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity stay`(row: KernelRow) {
    let rows = Floats([1, .nan, 1, .infinity, 1, 1])
    let packed = Floats(count: dth_packed_weight_count(2, 2))
    dth_pack_weight([1, 2, -1, 0], 2, 2, 2, false, 0, 1, packed.pointer)
    for activation in [DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU] {
      let result = Floats(count: 6)
      var arguments = dth_linear_args()
      arguments.m = 3
      arguments.n = 2
      arguments.k = 2
      arguments.row_stride = 2
      arguments.result_stride = 2
      arguments.activation = activation
      execute(
        row.functions.pointee.linear, arguments,
        [result, rows, packed, nil, nil, nil], threads: 1,
        scratch: dth_linear_scratch_bytes(&arguments))
      // Zero times NaN is NaN; the columns of padding reach no result.
      #expect(result.values[0].isNaN && result.values[1].isNaN)
      #expect(result.values[2] == .infinity)
      #expect(abs(result.values[4] - Float(exactActivation(activation, 3))) < 1e-6)
    }
  }

  @Test(arguments: KernelRow.supported)
  func `a computed weight is packed as a stored one`(row: KernelRow) {
    for (n, k) in [(1, 1), (33, 5), (40, 64), (64, 33), (100, 70)] {
      for isTransposed in [false, true] {
        let values = numbers(n * k, seed: 7)
        let stored = Floats(count: dth_packed_weight_count(Int64(n), Int64(k)))
        dth_pack_weight(
          values, Int64(n), Int64(k), Int64(isTransposed ? n : k), isTransposed, 0,
          Int64((n + 31) / 32), stored.pointer)
        let arguments = dth_pack_args(
          n: Int64(n), k: Int64(k), transposed: isTransposed, element: DTH_F32)
        for threads in threadCounts {
          let packed = Floats(count: stored.values.count)
          execute(
            row.functions.pointee.pack, arguments, [packed, Floats(values)], threads: threads)
          #expect(packed.isIntact)
          // What pads columns is unspecified.
          for i in stored.values.indices where i / (32 * k) * 32 + i % 32 < n {
            #expect(packed.values[i] == stored.values[i])
          }
        }
      }
    }
  }
}
