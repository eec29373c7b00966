import Diagnostics
import Media
import ModelSpec

extension ModelSpec {
  /// The pictures that data become: the spec's, or those of a latent whose channels are colours.
  package var samplePixels: PixelSpace? {
    if let pixels { return pixels }
    guard autoencoder == nil, let latent = denoiser?.latent, [1, 3].contains(latent.channels) else {
      return nil
    }
    return PixelSpace(
      frames: latent.frames, height: latent.height, width: latent.width,
      channels: latent.channels, range: -1...1)
  }
}

extension PixelSpace {
  /// The number of values of a sample.
  var valueCount: Int { channels * (frames ?? 1) * height * width }

  /// The bytes of a sample, `[channels, (frames,) height, width]`.
  ///
  /// The first frames are taken; of another size the largest part around the centre is resampled.
  /// - Throws: `MediaError` when the frames are too few.
  func bytes(of given: Frames, path: String) throws(MediaError) -> [UInt8] {
    let wanted = frames ?? 1
    guard given.count >= wanted else {
      throw MediaError(
        path: path,
        message: "has \(given.count) frame\(given.count == 1 ? "" : "s"), the model reads \(wanted)"
      )
    }
    let fitted = given.converted(toChannels: channels)
      .cropped(toProportionsOf: (height, width)).resized(height: height, width: width)
    let area = wanted * height * width
    let channels = channels
    return [UInt8](unsafeUninitializedCapacity: channels * area) { output, filled in
      fitted.pixels.withUnsafeBufferPointer { input in
        for channel in 0..<channels {
          for index in 0..<area {
            output[channel * area + index] = input[index * channels + channel]
          }
        }
      }
      filled = channels * area
    }
  }

  /// The value of each of the 256 levels.
  var levels: [Float] {
    let (low, high) = (Float(range.lowerBound), Float(range.upperBound))
    return (0..<256).map { low + (high - low) * Float($0) / 255 }
  }

  /// Reads the bytes of a sample.
  func bytes(ofFile path: String) async throws(MediaError) -> [UInt8] {
    try bytes(of: await Frames.read(path: path, first: frames ?? 1), path: path)
  }
}

extension DataFolder {
  /// Reads the samples in their order, some ahead on other threads.
  ///
  /// - Parameter body: Is given the place of each sample that can be read, and its bytes,
  ///   `[channels, (frames,) height, width]`.
  /// - Returns: The samples that cannot be read.
  func forEachSample(
    in space: PixelSpace, _ body: (_ index: Int, _ bytes: [UInt8]) throws -> Void
  ) async throws -> [SkippedItem] {
    var ahead: [Task<Result<[UInt8], MediaError>, Never>] = []
    defer { for task in ahead { task.cancel() } }
    var next = 0
    var broken: [SkippedItem] = []
    for (index, item) in items.enumerated() {
      while next < items.count, next < index + Self.readAhead {
        let file = "\(path)/\(items[next].path)"
        ahead.append(
          Task.detached {
            do throws(MediaError) {
              return .success(try await space.bytes(ofFile: file))
            } catch {
              return .failure(error)
            }
          })
        next += 1
      }
      switch await ahead.removeFirst().value {
      case .success(let bytes): try body(index, bytes)
      case .failure(let error):
        broken.append(SkippedItem(path: item.path, reason: error.message))
      }
    }
    return broken
  }

  /// The samples that are read before they are needed.
  private static let readAhead = 16
}
