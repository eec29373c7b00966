import CKernels
import Kernels
import Testing

@Suite struct ConvolutionTests {
  /// A convolution with every part present or not, run on a row and in double precision.
  struct Problem {
    var batch = 1
    var channels: Int
    var height: Int
    var width: Int
    var outChannels: Int
    var kernel = (3, 3)
    var stride = (1, 1)
    /// Above, below, left and right.
    var padding = (1, 1, 1, 1)
    var bias = true
    var activation = DTH_ACTIVATION_NONE
    var residual = false
    var inPlace = false

    var outHeight: Int { (height + padding.0 + padding.1 - kernel.0) / stride.0 + 1 }
    var outWidth: Int { (width + padding.2 + padding.3 - kernel.1) / stride.1 + 1 }
    var k: Int { channels * kernel.0 * kernel.1 }
    var resultCount: Int { batch * outChannels * outHeight * outWidth }

    func inputs() -> (x: [Float], w: [Float], bias: [Float], residual: [Float]) {
      (
        numbers(batch * channels * height * width, seed: 1), numbers(outChannels * k, seed: 2),
        numbers(outChannels, seed: 3), numbers(resultCount, seed: 4)
      )
    }

    func exact() -> [Double] {
      let (x, w, bias, residual) = inputs()
      var result: [Double] = []
      for b in 0..<batch {
        for o in 0..<outChannels {
          for y in 0..<outHeight {
            for column in 0..<outWidth {
              var sum = 0.0
              for c in 0..<channels {
                for i in 0..<kernel.0 {
                  let row = y * stride.0 + i - padding.0
                  guard row >= 0, row < height else { continue }
                  for j in 0..<kernel.1 {
                    let at = column * stride.1 + j - padding.2
                    guard at >= 0, at < width else { continue }
                    let element = x[((b * channels + c) * height + row) * width + at]
                    let weight = w[((o * channels + c) * kernel.0 + i) * kernel.1 + j]
                    sum += Double(element) * Double(weight)
                  }
                }
              }
              if self.bias { sum += Double(bias[o]) }
              sum = exactActivation(activation, sum)
              if self.residual { sum += Double(residual[result.count]) }
              result.append(sum)
            }
          }
        }
      }
      return result
    }

    func run(on row: KernelRow, threads: Int) -> [UInt32] {
      let (xs, w, biases, residuals) = inputs()
      let x = Floats(xs)
      let packed = packedWeight(w, outChannels, k)
      let bias = Floats(biases)
      let residual = Floats(residuals)
      let result = inPlace ? residual : Floats(count: resultCount)
      var arguments = dth_convolution_args(
        batch: Int64(batch), channels: Int64(channels), height: Int64(height), width: Int64(width),
        out_channels: Int64(outChannels), out_height: Int64(outHeight),
        out_width: Int64(outWidth), kernel_height: Int64(kernel.0), kernel_width: Int64(kernel.1),
        stride_y: Int64(stride.0), stride_x: Int64(stride.1), padding_top: Int64(padding.0),
        padding_left: Int64(padding.2), activation: activation)
      execute(
        row.functions.pointee.convolution, arguments,
        [result, x, packed, self.bias ? bias : nil, self.residual ? residual : nil],
        threads: threads, scratch: dth_convolution_scratch_bytes(&arguments))
      for buffer in [x, packed, bias, residual, result] { #expect(buffer.isIntact) }
      return result.bits
    }
  }

  private func check(_ problem: Problem, on row: KernelRow, tolerance: Double = 1e-6) {
    let bits = problem.run(on: row, threads: 1)
    let error = relativeError(bits.map(Float.init(bitPattern:)), problem.exact())
    #expect(error < tolerance, "\(error): \(problem)")
    for threads in threadCounts.dropFirst() {
      #expect(problem.run(on: row, threads: threads) == bits, "\(threads) threads, \(problem)")
    }
  }

  @Test(arguments: KernelRow.supported) func `any extents`(row: KernelRow) {
    for width in [1, 2, 7, 15, 16, 17, 31, 33, 49] {
      check(Problem(channels: 3, height: 5, width: width, outChannels: 5), on: row)
    }
    for outChannels in [1, 2, 3, 4, 6, 7, 8, 9, 31, 32, 33, 45] {
      check(Problem(channels: 2, height: 3, width: 20, outChannels: outChannels), on: row)
    }
    check(Problem(batch: 3, channels: 2, height: 4, width: 9, outChannels: 34), on: row)
    check(Problem(channels: 1, height: 1, width: 1, outChannels: 1), on: row)
  }

  @Test(arguments: KernelRow.supported) func `any kernel, stride and padding`(row: KernelRow) {
    let base = Problem(channels: 3, height: 11, width: 22, outChannels: 10)
    for kernel in [(1, 1), (2, 2), (1, 3), (5, 3), (4, 4), (7, 7)] {
      for stride in [(1, 1), (2, 2), (1, 3), (4, 1)] {
        for padding in [(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1), (2, 0, 3, 1)] {
          var problem = base
          problem.kernel = kernel
          problem.stride = stride
          problem.padding = padding
          check(problem, on: row)
        }
      }
    }
  }

  @Test(arguments: KernelRow.supported) func `padding wider than the image`(row: KernelRow) {
    var problem = Problem(channels: 2, height: 1, width: 2, outChannels: 3)
    problem.kernel = (5, 7)
    problem.padding = (4, 3, 6, 6)
    check(problem, on: row)
  }

  @Test(arguments: KernelRow.supported) func `every epilogue`(row: KernelRow) {
    let activations = [
      DTH_ACTIVATION_NONE, DTH_ACTIVATION_RELU, DTH_ACTIVATION_GELU, DTH_ACTIVATION_GELU_TANH,
      DTH_ACTIVATION_SILU, DTH_ACTIVATION_SIGMOID, DTH_ACTIVATION_TANH, DTH_ACTIVATION_GELU_QUICK,
    ]
    for activation in activations {
      for (bias, residual, inPlace) in [
        (false, false, false), (true, false, false), (false, true, false), (true, true, true),
      ] {
        check(
          Problem(
            batch: 2, channels: 3, height: 4, width: 19, outChannels: 9, bias: bias,
            activation: activation, residual: residual, inPlace: inPlace), on: row,
          tolerance: 2e-6)
      }
    }
  }

  @Test(arguments: KernelRow.supported)
  func `many channels, by parts, and rectangles`(row: KernelRow) {
    check(
      Problem(
        channels: 300, height: 6, width: 18, outChannels: 35, residual: true, inPlace: true),
      on: row, tolerance: 5e-6)
    check(
      Problem(
        channels: 1500, height: 2, width: 3, outChannels: 2, kernel: (1, 1),
        padding: (0, 0, 0, 0)), on: row, tolerance: 5e-6)
    check(Problem(channels: 2, height: 3, width: 600, outChannels: 3), on: row)
    check(Problem(channels: 2, height: 90, width: 31, outChannels: 2), on: row)
  }

  @Test(arguments: KernelRow.supported)
  func `wide enough kernels of 3 x 3, by tiles of 2 x 2 pixels`(row: KernelRow) {
    for width in [1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 65] {
      check(
        Problem(channels: 17, height: 5, width: width, outChannels: 21), on: row, tolerance: 2e-6)
    }
    for padding in [(0, 0, 0, 0), (1, 0, 0, 1), (2, 1, 3, 2), (4, 5, 0, 6)] {
      check(
        Problem(
          batch: 2, channels: 16, height: 7, width: 36, outChannels: 50, padding: padding,
          bias: false), on: row, tolerance: 2e-6)
    }
    check(
      Problem(
        batch: 2, channels: 70, height: 6, width: 19, outChannels: 33,
        activation: DTH_ACTIVATION_SILU, residual: true, inPlace: true),
      on: row, tolerance: 5e-6)
    check(
      Problem(channels: 900, height: 4, width: 40, outChannels: 16), on: row, tolerance: 5e-6)
    check(Problem(channels: 16, height: 3, width: 900, outChannels: 16), on: row, tolerance: 2e-6)
    check(Problem(channels: 16, height: 90, width: 31, outChannels: 16), on: row, tolerance: 2e-6)
  }

  @Test(arguments: KernelRow.supported) func `NaN and infinity stay where they reach`(
    row: KernelRow
  ) {
    let problem = Problem(channels: 1, height: 5, width: 40, outChannels: 2)
    var x = [Float](repeating: 1, count: 200)
    x[2 * 40 + 20] = .nan
    x[2 * 40 + 30] = .infinity
    let values = Floats(x)
    let packed = packedWeight([Float](repeating: 1, count: 18), 2, 9)
    let result = Floats(count: 400)
    var arguments = dth_convolution_args(
      batch: 1, channels: 1, height: 5, width: 40, out_channels: 2, out_height: 5, out_width: 40,
      kernel_height: 3, kernel_width: 3, stride_y: 1, stride_x: 1, padding_top: 1,
      padding_left: 1, activation: DTH_ACTIVATION_NONE)
    execute(
      row.functions.pointee.convolution, arguments, [result, values, packed, nil, nil], threads: 2,
      scratch: dth_convolution_scratch_bytes(&arguments))
    for o in 0..<problem.outChannels {
      for y in 0..<5 {
        for column in 0..<40 {
          let value = result[(o * 5 + y) * 40 + column]
          if abs(y - 2) <= 1, abs(column - 20) <= 1 {
            #expect(value.isNaN)
          } else if abs(y - 2) <= 1, abs(column - 30) <= 1 {
            #expect(value == .infinity)
          } else {
            #expect(value.isFinite)
          }
        }
      }
    }
  }

  @Test func `scratch is bounded, whatever the image`() {
    func scratch(_ extent: Int64) -> Int {
      var arguments = dth_convolution_args(
        batch: 1, channels: 512, height: extent, width: extent, out_channels: 512,
        out_height: extent, out_width: extent, kernel_height: 3, kernel_width: 3, stride_y: 1,
        stride_x: 1, padding_top: 1, padding_left: 1, activation: DTH_ACTIVATION_NONE)
      return dth_convolution_scratch_bytes(&arguments)
    }
    for extent: Int64 in [1, 32, 64, 100, 256, 1000, 4096] { #expect(scratch(extent) < 3 << 20) }
  }
}

/// A weight [n, k], packed.
func packedWeight(_ w: [Float], _ n: Int, _ k: Int) -> Floats {
  let packed = Floats(count: dth_packed_weight_count(Int64(n), Int64(k)))
  dth_pack_weight(
    w, Int64(n), Int64(k), Int64(k), false, 0, Int64((n + 31) / 32), packed.pointer)
  return packed
}
