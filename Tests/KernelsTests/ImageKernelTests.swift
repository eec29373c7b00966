import CKernels
import Kernels
import Testing

@Suite struct GroupNormTests {
  /// A group norm in double precision.
  private func exact(
    _ x: [Float], batch: Int, channels: Int, pixels: Int, groups: Int, scale: [Float]?,
    shift: [Float]?, activation: dth_activation
  ) -> [Double] {
    let size = channels / groups * pixels
    var result: [Double] = []
    for group in 0..<(batch * groups) {
      let values = x[(group * size)..<((group + 1) * size)].map(Double.init)
      let mean = values.reduce(0, +) / Double(size)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
      for (i, value) in values.enumerated() {
        let channel = group % groups * (channels / groups) + i / pixels
        var y = (value - mean) / (variance + Double(Float(1e-6))).squareRoot()
        if let scale { y *= Double(scale[channel]) }
        if let shift { y += Double(shift[channel]) }
        result.append(exactActivation(activation, y))
      }
    }
    return result
  }

  private func check(
    batch: Int = 1, channels: Int, pixels: Int, groups: Int, offset: Float = 0,
    scaled: Bool = true, shifted: Bool = true, activation: dth_activation = DTH_ACTIVATION_NONE,
    inPlace: Bool = false, tolerance: Double = 1e-6, on row: KernelRow
  ) {
    let values = numbers(batch * channels * pixels, seed: 1, in: (offset - 1)...(offset + 1))
    let scale = Floats(numbers(channels, seed: 2))
    let shift = Floats(numbers(channels, seed: 3))
    let expected = exact(
      values, batch: batch, channels: channels, pixels: pixels, groups: groups,
      scale: scaled ? scale.values : nil, shift: shifted ? shift.values : nil,
      activation: activation)
    let arguments = dth_group_norm_args(
      batch: Int64(batch), channels: Int64(channels), pixels: Int64(pixels),
      groups: Int64(groups), epsilon: 1e-6, activation: activation)
    var first: [UInt32] = []
    for threads in threadCounts {
      let x = Floats(values)
      let result = inPlace ? x : Floats(count: values.count)
      execute(
        row.functions.pointee.group_norm, arguments,
        [result, x, scaled ? scale : nil, shifted ? shift : nil], threads: threads)
      #expect(result.isIntact && x.isIntact)
      if threads == 1 {
        first = result.bits
        let error = relativeError(result.values, expected)
        #expect(error < tolerance, "\(error): \(batch) x \(channels) x \(pixels) by \(groups)")
      } else {
        #expect(result.bits == first)
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents`(row: KernelRow) {
    for pixels in [1, 3, 4, 15, 16, 17, 64, 65, 700] {
      check(batch: 2, channels: 6, pixels: pixels, groups: 3, on: row)
    }
    for groups in [1, 2, 5, 10] { check(channels: 10, pixels: 37, groups: groups, on: row) }
  }

  @Test(arguments: KernelRow.supported) func `with and without affine, in place`(row: KernelRow) {
    for scaled in [false, true] {
      for shifted in [false, true] {
        check(
          channels: 8, pixels: 99, groups: 2, scaled: scaled, shifted: shifted, inPlace: true,
          on: row)
      }
    }
    check(channels: 8, pixels: 99, groups: 4, activation: DTH_ACTIVATION_SILU, on: row)
    check(
      channels: 8, pixels: 99, groups: 4, activation: DTH_ACTIVATION_SILU, inPlace: true, on: row)
  }

  @Test(arguments: KernelRow.supported) func `large groups stay exact`(row: KernelRow) {
    check(channels: 4, pixels: 65_536, groups: 1, on: row)
    // A mean far above the spread: the elements themselves keep 17 bits of the spread.
    check(channels: 4, pixels: 10_001, groups: 2, offset: 100, on: row)
  }

  @Test(arguments: KernelRow.supported) func `NaN stays in its group`(row: KernelRow) {
    var values = numbers(120, seed: 1)
    values[3] = .nan
    values[65] = .infinity
    let x = Floats(values)
    let arguments = dth_group_norm_args(
      batch: 1, channels: 6, pixels: 20, groups: 3, epsilon: 1e-6,
      activation: DTH_ACTIVATION_SILU)
    execute(row.functions.pointee.group_norm, arguments, [x, x, nil, nil], threads: 1)
    #expect(x.values[..<80].allSatisfy { $0.isNaN })
    #expect(x.values[80...].allSatisfy { $0.isFinite })
  }
}

@Suite struct UpsampleTests {
  @Test(arguments: KernelRow.supported) func `any factors`(row: KernelRow) {
    for (height, width) in [(1, 1), (3, 5), (2, 16), (5, 33)] {
      for (factorY, factorX) in [(1, 1), (2, 2), (1, 2), (3, 1), (4, 3)] {
        var values = numbers(3 * height * width, seed: 1)
        values[0] = .nan
        let x = Floats(values)
        let arguments = dth_upsample_args(
          planes: 3, height: Int64(height), width: Int64(width), factor_y: Int64(factorY),
          factor_x: Int64(factorX))
        var expected: [UInt32] = []
        for p in 0..<3 {
          for y in 0..<(height * factorY) {
            for column in 0..<(width * factorX) {
              expected.append(
                x.bits[(p * height + y / factorY) * width + column / factorX])
            }
          }
        }
        for threads in threadCounts {
          let result = Floats(count: expected.count)
          execute(row.functions.pointee.upsample, arguments, [result, x], threads: threads)
          #expect(result.isIntact)
          #expect(result.bits == expected, "\(height) x \(width) by \(factorY) x \(factorX)")
        }
      }
    }
  }
}
