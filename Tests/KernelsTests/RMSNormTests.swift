import CKernels
import Kernels
import Testing

@Suite struct RMSNormTests {
  private func check(
    rows: Int, width: Int, scaleRows: Int, padding: Int = 0, inPlace: Bool = false,
    on row: KernelRow
  ) {
    let stride = width + padding
    let values = numbers(rows * stride, seed: 1)
    let scale = Floats(numbers(max(scaleRows, 1) * width, seed: 2))
    var expected: [Double] = []
    for r in 0..<rows {
      let x = values[(r * stride)..<(r * stride + width)].map(Double.init)
      let mean = x.reduce(0) { $0 + $1 * $1 } / Double(width)
      for i in 0..<width {
        let y = x[i] / (mean + Double(Float(1e-6))).squareRoot()
        expected.append(
          scaleRows == 0 ? y : y * Double(scale[r / (rows / scaleRows) * width + i]))
      }
    }
    let resultStride = inPlace ? stride : width
    let arguments = dth_rms_norm_args(
      rows: Int64(rows), width: Int64(width), row_stride: Int64(stride),
      result_stride: Int64(resultStride), epsilon: 1e-6, scale_rows: Int64(scaleRows),
      scale_stride: Int64(width), result_element: DTH_F32)
    var first: [UInt32] = []
    for threads in threadCounts {
      let x = Floats(values)
      let result = inPlace ? x : Floats(count: rows * width)
      execute(
        row.functions.pointee.rms_norm, arguments, [result, x, scaleRows > 0 ? scale : nil],
        threads: threads)
      #expect(result.isIntact && x.isIntact)
      let bits = (0..<rows).flatMap { r in
        (0..<width).map { result[r * resultStride + $0].bitPattern }
      }
      if threads == 1 {
        first = bits
        let error = relativeError(bits.map(Float.init(bitPattern:)), expected)
        #expect(error < 1e-6, "\(error): \(rows) x \(width)")
      } else {
        #expect(bits == first)
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any width, with and without scale`(row: KernelRow) {
    for width in [1, 2, 3, 7, 15, 16, 17, 63, 65, 128, 384, 4608] {
      for scaleRows in [0, 1, 2, 6] { check(rows: 6, width: width, scaleRows: scaleRows, on: row) }
    }
  }

  @Test(arguments: KernelRow.supported) func `rows apart, and in place`(row: KernelRow) {
    check(rows: 5, width: 70, scaleRows: 1, padding: 3, on: row)
    check(rows: 4, width: 70, scaleRows: 2, padding: 3, inPlace: true, on: row)
  }

  @Test(arguments: KernelRow.supported) func `a result of bf16 is the rounded one`(row: KernelRow) {
    for width in [1, 7, 16, 33, 384] {
      let x = Floats(numbers(3 * width, seed: 1))
      let scale = Floats(numbers(width, seed: 2))
      var results: [Elements] = []
      for element in [DTH_F32, DTH_BF16] {
        let result = Elements(count: 3 * width, element)
        let arguments = dth_rms_norm_args(
          rows: 3, width: Int64(width), row_stride: Int64(width), result_stride: Int64(width),
          epsilon: 1e-6, scale_rows: 1, scale_stride: Int64(width), result_element: element)
        execute(
          row.functions.pointee.rms_norm, arguments, at: [result.raw, x.raw, scale.raw],
          threads: 2, scratch: 0)
        #expect(result.isIntact)
        results.append(result)
      }
      let exact = results[0].values.map { widened(roundedToBF16($0)).bitPattern }
      #expect(results[1].bits == exact)
    }
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity stay in their rows`(
    row: KernelRow
  ) {
    var values = numbers(60, seed: 1)
    values[3] = .nan
    values[25] = .infinity
    let x = Floats(values)
    let arguments = dth_rms_norm_args(
      rows: 3, width: 20, row_stride: 20, result_stride: 20, epsilon: 1e-6, scale_rows: 0,
      scale_stride: 0, result_element: DTH_F32)
    execute(row.functions.pointee.rms_norm, arguments, [x, x, nil], threads: 1)
    #expect(x.values[..<20].allSatisfy { $0.isNaN })
    #expect(x.values[25].isNaN && x.values[20] == 0)
    #expect(x.values[40...].allSatisfy { $0.isFinite })
  }
}
