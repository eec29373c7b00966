import Diagnostics
import Lowering
import ModelSpec

extension ModelSpec {
  /// The spec of the same model for pictures of another size.
  ///
  /// Position tables keep their base, so that other sizes stretch them.
  /// - Parameters:
  ///   - size: Rows and columns: of pixels where the spec has them, else of the latent.
  ///   - frames: Frames, likewise.
  /// - Throws: Rule `options.size` when patches do not cover the size.
  func resized(
    size: (height: Int, width: Int)?, frames: Int?
  ) throws(DiagnosticsError) -> ModelSpec {
    if size == nil && frames == nil { return self }
    var spec = self
    let unit = pixels == nil ? "positions of the latent" : "pixels"
    func fail(_ message: String, _ help: String) -> DiagnosticsError {
      DiagnosticsError(Diagnostic(CompileRules.size, message, help: help))
    }
    let isVideo = pixels.map { $0.frames != nil } ?? (denoiser?.latent.frames != nil)
    if let frames, !isVideo || !(1...65536).contains(frames) {
      throw fail(
        isVideo ? "\(frames) frames cannot be made" : "`\(name)` makes pictures, not frames",
        isVideo ? "ask for 1 to 65536" : "leave --frames out")
    }
    if let size, !(1...65536).contains(size.height) || !(1...65536).contains(size.width) {
      throw fail("size \(size.height)x\(size.width) is out of range", "ask for 1 to 65536 \(unit)")
    }
    var height = size?.height ?? pixels?.height ?? denoiser?.latent.height ?? 1
    var width = size?.width ?? pixels?.width ?? denoiser?.latent.width ?? 1
    var depth = frames ?? pixels?.frames ?? denoiser?.latent.frames
    func divide(_ patch: PatchSize, by whose: String) throws(DiagnosticsError) {
      guard height % patch.height == 0, width % patch.width == 0,
        (depth ?? patch.frames) % patch.frames == 0
      else {
        throw fail(
          "\(whose) of \(patch.frames)x\(patch.height)x\(patch.width) do not cover "
            + "\(depth ?? 1)x\(height)x\(width) \(unit)",
          "choose a multiple along every axis")
      }
    }
    if pixels != nil {
      spec.pixels?.height = height
      spec.pixels?.width = width
      spec.pixels?.frames = depth
      if let patch = autoencoder?.patchSize {
        try divide(patch, by: "the autoencoder's patches")
        height /= patch.height
        width /= patch.width
        depth = depth.map { $0 / patch.frames }
      }
    }
    if let patch = denoiser?.patchSize {
      try divide(patch, by: "the patches")
      spec.denoiser?.latent.height = height
      spec.denoiser?.latent.width = width
      spec.denoiser?.latent.frames = depth
      let uses = denoiser?.blocks.contains { group in
        group.sublayers.contains {
          guard case .attention(let attention) = $0.operation else { return false }
          return attention.map == .given
        }
      }
      if uses == true, spec.denoiser?.tokenCount != denoiser?.tokenCount {
        throw fail(
          "`\(name)` has a given attention map for \(denoiser?.tokenCount ?? 0) tokens",
          "it runs in its own size only")
      }
    }
    return spec
  }
}
