import Diagnostics
import Media
import ModelSpec
import Tensors

extension PixelSpace {
  /// Frames as the model reads them, `[1, channels, (frames,) height, width]` in the range of the
  /// pixels.
  ///
  /// Frames of another size are resampled; of a longer video the first frames are taken.
  /// - Throws: Rule `run.pictures` when there are too few frames.
  package func tensor(of given: Frames, path: String) throws(DiagnosticsError) -> Tensor {
    let wanted = frames ?? 1
    guard given.count >= wanted else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.pixels,
          "`\(path)` has \(given.count) frame\(given.count == 1 ? "" : "s"), the model reads \(wanted)",
          help: "give a video of at least \(wanted) frames"))
    }
    let converted = given.converted(toChannels: channels)
    let fitted =
      converted.height == height && converted.width == width
      ? converted : converted.resized(height: height, width: width)
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    let area = height * width
    var values: [Float] = []
    values.reserveCapacity(channels * wanted * area)
    for channel in 0..<channels {
      for index in 0..<(wanted * area) {
        let byte = fitted.pixels[index * channels + channel]
        values.append(low + (high - low) * Float(byte) / 255)
      }
    }
    return Tensor([1] + dimensionsOfModel, values)
  }

  /// The model's pixels as frames: clamped to their range, rounded to 256 levels.
  package func frames(of pixels: Tensor) -> Frames {
    let count = frames ?? 1
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    let area = height * width
    var bytes = [UInt8](repeating: 0, count: count * area * channels)
    for channel in 0..<channels {
      for index in 0..<(count * area) {
        let value = pixels.values[channel * count * area + index]
        bytes[index * channels + channel] = level(value, low: low, high: high)
      }
    }
    return Frames(
      checked: bytes, count: count, height: height, width: width, channels: channels)
  }

  private var dimensionsOfModel: [Int] {
    [channels] + (frames.map { [$0] } ?? []) + [height, width]
  }
}

extension LatentSpace {
  /// A preview: up to three channels, each stretched to the whole range.
  package func preview(of latent: Tensor) -> Frames {
    let count = frames ?? 1
    let shown = channels >= 3 ? 3 : 1
    let area = count * height * width
    var bytes = [UInt8](repeating: 0, count: area * shown)
    for channel in 0..<shown {
      let values = latent.values[(channel * area)..<((channel + 1) * area)]
      let finite = values.filter(\.isFinite)
      let low = finite.min() ?? 0
      let high = finite.max() ?? 1
      for (index, value) in values.enumerated() {
        bytes[index * shown + channel] = level(value, low: low, high: high)
      }
    }
    return Frames(checked: bytes, count: count, height: height, width: width, channels: shown)
  }
}

/// The nearest of 256 levels between two values; what is not a number is darkest.
private func level(_ value: Float, low: Float, high: Float) -> UInt8 {
  let fraction = high > low ? (value - low) / (high - low) : 0
  guard !fraction.isNaN else { return 0 }
  return UInt8((min(max(fraction, 0), 1) * 255).rounded())
}

extension Frames {
  /// Frames of exactly the bytes that the extents need.
  fileprivate init(checked pixels: [UInt8], count: Int, height: Int, width: Int, channels: Int) {
    guard
      let frames = Frames(
        count: count, height: height, width: width, channels: channels, pixels: pixels)
    else { preconditionFailure("frames need their byte count") }
    self = frames
  }
}
