import CKernels
import Glibc
import Kernels
import Testing

@Suite struct NormAffineTests {
  private func check(
    rows: Int, width: Int, scaleRows: Int, shiftRows: Int, offset: Float = 0, padding: Int = 0,
    inPlace: Bool = false, tolerance: Double = 1e-6, on row: KernelRow
  ) {
    let stride = width + padding
    let values = numbers(rows * stride, seed: 1, in: (offset - 1)...(offset + 1))
    let scale = Floats(numbers(max(scaleRows, 1) * width, seed: 2))
    let shift = Floats(numbers(max(shiftRows, 1) * width, seed: 3))
    let epsilon = 1e-6
    var expected: [Double] = []
    for r in 0..<rows {
      let x = values[(r * stride)..<(r * stride + width)].map(Double.init)
      let mean = x.reduce(0, +) / Double(width)
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for i in 0..<width {
        var y = (x[i] - mean) / (variance + Double(Float(epsilon))).squareRoot()
        if scaleRows > 0 { y *= Double(scale[r / (rows / scaleRows) * width + i]) }
        if shiftRows > 0 { y += Double(shift[r / (rows / shiftRows) * width + i]) }
        expected.append(y)
      }
    }
    let arguments = dth_norm_affine_args(
      rows: Int64(rows), width: Int64(width), row_stride: Int64(stride),
      result_stride: Int64(inPlace ? stride : width), epsilon: Float(epsilon),
      scale_rows: Int64(scaleRows), scale_stride: Int64(width), shift_rows: Int64(shiftRows),
      shift_stride: Int64(width), result_element: DTH_F32)
    var first: [UInt32] = []
    for threads in threadCounts {
      let x = Floats(values)
      let result = inPlace ? x : Floats(count: rows * width)
      execute(
        row.functions.pointee.norm_affine, arguments,
        [
          result, x, scaleRows > 0 ? scale : nil, shiftRows > 0 ? shift : nil,
        ], threads: threads)
      #expect(result.isIntact && x.isIntact)
      let bits = (0..<rows).flatMap { r in
        (0..<width).map { result[r * (inPlace ? stride : width) + $0].bitPattern }
      }
      if threads == 1 {
        first = bits
        let error = relativeError(bits.map(Float.init(bitPattern:)), expected)
        #expect(error < tolerance, "\(error): \(rows) x \(width)")
      } else {
        #expect(bits == first)
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any width, with and without affine`(row: KernelRow) {
    for width in [1, 2, 3, 7, 31, 32, 33, 63, 65, 384] {
      for (scaleRows, shiftRows) in [(0, 0), (1, 1), (2, 2), (6, 0), (0, 3), (3, 1)] {
        check(rows: 6, width: width, scaleRows: scaleRows, shiftRows: shiftRows, on: row)
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `wide rows stay exact`(row: KernelRow) {
    check(rows: 2, width: 4608, scaleRows: 1, shiftRows: 1, on: row)
    // A mean far above the spread: the elements themselves keep 17 bits of the spread.
    check(rows: 2, width: 4607, scaleRows: 1, shiftRows: 0, offset: 100, on: row)
  }

  @Test(arguments: KernelRow.supported) func `rows apart, and in place`(row: KernelRow) {
    check(rows: 5, width: 70, scaleRows: 1, shiftRows: 5, padding: 3, on: row)
    check(rows: 4, width: 70, scaleRows: 2, shiftRows: 4, padding: 3, inPlace: true, on: row)
  }

  @Test(arguments: KernelRow.supported) func `a result of bf16 is the rounded one`(row: KernelRow) {
    for width in [1, 7, 16, 33, 384] {
      let x = Floats(numbers(3 * width, seed: 1))
      let scale = Floats(numbers(width, seed: 2))
      var results: [Elements] = []
      for element in [DTH_F32, DTH_BF16] {
        let result = Elements(count: 3 * width, element)
        let arguments = dth_norm_affine_args(
          rows: 3, width: Int64(width), row_stride: Int64(width), result_stride: Int64(width),
          epsilon: 1e-6, scale_rows: 1, scale_stride: Int64(width), shift_rows: 0,
          shift_stride: 0, result_element: element)
        execute(
          row.functions.pointee.norm_affine, arguments, at: [result.raw, x.raw, scale.raw, nil],
          threads: 2, scratch: 0)
        #expect(result.isIntact)
        results.append(result)
      }
      let exact = results[0].values.map { widened(roundedToBF16($0)).bitPattern }
      #expect(results[1].bits == exact)
    }
  }

  @Test(arguments: KernelRow.supported) func `NaN stays in its row`(row: KernelRow) {
    var values = numbers(40, seed: 1)
    values[3] = .nan
    let x = Floats(values)
    let arguments = dth_norm_affine_args(
      rows: 2, width: 20, row_stride: 20, result_stride: 20, epsilon: 1e-6, scale_rows: 0,
      scale_stride: 0, shift_rows: 0, shift_stride: 0, result_element: DTH_F32)
    execute(row.functions.pointee.norm_affine, arguments, [x, x, nil, nil], threads: 1)
    #expect(x.values[..<20].allSatisfy { $0.isNaN })
    #expect(x.values[20...].allSatisfy { $0.isFinite })
  }
}

@Suite struct SoftmaxTests {
  @Test(arguments: KernelRow.supported) func `any width, in place or not`(row: KernelRow) {
    for width in [1, 2, 3, 7, 31, 32, 33, 63, 1000] {
      for magnitude: Float in [1, 500] {
        let values = numbers(5 * width, seed: 1, in: -magnitude...magnitude)
        var expected: [Double] = []
        for r in 0..<5 {
          let x = values[(r * width)..<((r + 1) * width)].map(Double.init)
          let top = x.max() ?? 0
          let total = x.reduce(0) { $0 + exp($1 - top) }
          expected += x.map { exp($0 - top) / total }
        }
        let arguments = dth_softmax_args(
          rows: 5, width: Int64(width), row_stride: Int64(width), result_stride: Int64(width))
        var first: [UInt32] = []
        for threads in threadCounts {
          let x = Floats(values)
          let result = threads % 2 == 0 ? x : Floats(count: 5 * width)
          execute(row.functions.pointee.softmax, arguments, [result, x], threads: threads)
          #expect(result.isIntact)
          if threads == 1 {
            first = result.bits
            #expect(relativeError(result.values, expected) < 1e-6)
          } else {
            #expect(result.bits == first)
          }
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity`(row: KernelRow) {
    for width in [3, 40] {
      var values = numbers(3 * width, seed: 1)
      values[1] = .nan
      values[width] = -.infinity
      values[2 * width + 2] = .infinity
      let x = Floats(values)
      let arguments = dth_softmax_args(
        rows: 3, width: Int64(width), row_stride: Int64(width), result_stride: Int64(width))
      execute(row.functions.pointee.softmax, arguments, [x, x], threads: 1)
      #expect(x.values[..<width].allSatisfy { $0.isNaN })
      #expect(x.values[width] == 0)
      #expect(abs(x.values[width..<(2 * width)].reduce(0, +) - 1) < 1e-5)
      #expect(x.values[2 * width + 2].isNaN)
    }
  }
}

@Suite struct ReduceTests {
  /// A reduction of a row-major tensor over some of its axes.
  private func check(_ dims: [Int], axes: [Int], on row: KernelRow) {
    let count = dims.reduce(1, *)
    let values = numbers(count, seed: 1, in: -1...3)
    var strides = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * dims[axis + 1]
    }
    let kept = dims.indices.filter { !axes.contains($0) }
    let keptCount = kept.reduce(1) { $0 * dims[$1] }
    for reduction in [DTH_SUM, DTH_MEAN, DTH_MAX] {
      var expected = [Double](
        repeating: reduction == DTH_MAX ? -.infinity : 0, count: keptCount)
      for i in 0..<count {
        let target = kept.reduce(0) { $0 * dims[$1] + i / strides[$1] % dims[$1] }
        expected[target] =
          reduction == DTH_MAX
          ? max(expected[target], Double(values[i])) : expected[target] + Double(values[i])
      }
      if reduction == DTH_MEAN {
        expected = expected.map { $0 / (Double(count) / Double(keptCount)) }
      }
      var arguments = dth_reduce_args()
      arguments.reduction = reduction
      arguments.kept_rank = Int32(kept.count)
      arguments.reduced_rank = Int32(axes.count)
      setElements(of: &arguments.kept_dims, to: kept.map { Int64(dims[$0]) })
      setElements(of: &arguments.kept_strides, to: kept.map { Int64(strides[$0]) })
      setElements(of: &arguments.reduced_dims, to: axes.map { Int64(dims[$0]) })
      setElements(of: &arguments.reduced_strides, to: axes.map { Int64(strides[$0]) })
      let x = Floats(values)
      var first: [UInt32] = []
      for threads in threadCounts {
        let result = Floats(count: keptCount)
        execute(row.functions.pointee.reduce, arguments, [result, x, nil], threads: threads)
        #expect(result.isIntact)
        if threads == 1 {
          first = result.bits
          #expect(relativeError(result.values, expected) < 1e-7, "\(dims) \(axes)")
        } else {
          #expect(result.bits == first)
        }
      }
      // The sum of squares is the reduction of x with itself as the factor.
      guard reduction == DTH_SUM else { continue }
      let squares = Floats(count: keptCount)
      execute(row.functions.pointee.reduce, arguments, [squares, x, x], threads: 2)
      var sums = [Double](repeating: 0, count: keptCount)
      for i in 0..<count {
        let target = kept.reduce(0) { $0 * dims[$1] + i / strides[$1] % dims[$1] }
        sums[target] += Double(values[i]) * Double(values[i])
      }
      #expect(squares.isIntact)
      #expect(relativeError(squares.values, sums) < 1e-7, "\(dims) \(axes)")
    }
  }

  @Test(arguments: KernelRow.supported) func `any axes`(row: KernelRow) {
    check([5], axes: [0], on: row)
    check([7, 33], axes: [1], on: row)
    check([7, 33], axes: [0], on: row)
    check([7, 33], axes: [0, 1], on: row)
    check([3, 4, 5, 6], axes: [1, 3], on: row)
    check([3, 4, 5, 6], axes: [0, 2], on: row)
    check([2, 700], axes: [0], on: row)
    check([2, 700], axes: [], on: row)
    check([1, 3, 1], axes: [0, 2], on: row)
    check([40_000], axes: [0], on: row)
  }

  @Test(arguments: KernelRow.supported) func `the maximum of NaN is NaN`(row: KernelRow) {
    var values = numbers(60, seed: 1)
    values[0] = .nan
    values[59] = .nan
    let x = Floats(values)
    for (kept, reduced) in [((3, 20), (20, 1)), ((20, 1), (3, 20))] {
      let result = Floats(count: kept.0)
      var arguments = dth_reduce_args()
      arguments.reduction = DTH_MAX
      arguments.kept_rank = 1
      arguments.reduced_rank = 1
      arguments.kept_dims.0 = Int64(kept.0)
      arguments.kept_strides.0 = Int64(kept.1)
      arguments.reduced_dims.0 = Int64(reduced.0)
      arguments.reduced_strides.0 = Int64(reduced.1)
      execute(row.functions.pointee.reduce, arguments, [result, x, nil], threads: 1)
      #expect(result.values[0].isNaN && result.values[kept.0 - 1].isNaN)
      #expect(result.values[1].isFinite)
    }
  }
}

@Suite struct GatherTests {
  @Test(arguments: KernelRow.supported) func `rows by id, clamped`(row: KernelRow) {
    let table = Floats((0..<20).map(Float.init))
    let ids = Floats([3, 0, -7, 99, 1].map { Float(bitPattern: UInt32(bitPattern: $0)) })
    for threads in threadCounts {
      let result = Floats(count: 5 * 6)
      let arguments = dth_gather_args(
        count: 5, rows: 4, width: 5, table_stride: 5, result_stride: 6)
      execute(row.functions.pointee.gather, arguments, [result, table, ids], threads: threads)
      #expect(result.isIntact)
      for (i, id) in [3, 0, 0, 3, 1].enumerated() {
        let expected = (0..<5).map { Float(id * 5 + $0) }
        #expect(Array(result.values[(i * 6)..<(i * 6 + 5)]) == expected)
        #expect(result.values[i * 6 + 5].isNaN)
      }
    }
  }
}
