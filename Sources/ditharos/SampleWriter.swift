import Diagnostics
import Diffusion
import Media
import ModelSpec
import Tensors
import Weights

/// How samples become files.
struct SampleDrawing {
  /// The path of one sample, or of the contact sheet of several.
  var output: String
  /// How many screen pixels a pixel takes; nil chooses for the eye.
  var scale: Int?
  /// The speed of what moves.
  var framesPerSecond: Double
  /// Whether a preview is written in the meantime.
  var hasPreview: Bool

  /// Where a file is made again: `dog-again.png` for `dog.png`, in the current folder.
  static func pathAgain(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? "out.png"
    let dot = name.lastIndex(of: ".") ?? name.endIndex
    return name[..<dot] + "-again" + name[dot...]
  }

  /// Chooses the scale for the eye where none is given.
  mutating func resolveScale(of model: ModelSpec) {
    guard let latent = model.denoiser?.latent else { return }
    scale = factor(
      height: model.pixels?.height ?? latent.height, width: model.pixels?.width ?? latent.width)
  }

  /// Whether the scale can be drawn.
  var isDrawable: Bool { (1...256).contains(scale ?? 1) }

  /// Whether latents are written rather than pictures.
  var isLatent: Bool { output.lowercased().hasSuffix(".safetensors") }

  /// The path of a sample, from 0, of several.
  func path(of sample: Int, count: Int) -> String {
    count == 1 ? output : suffixed("-\(sample + 1)", as: nil)
  }

  /// The path of previews.
  var previewPath: String { suffixed("-preview", as: "png") }

  /// The output's path with something before its extension.
  private func suffixed(_ suffix: String, as kind: String?) -> String {
    let nameStart = output.lastIndex(of: "/").map(output.index(after:)) ?? output.startIndex
    let dot = output[nameStart...].lastIndex(of: ".") ?? output.endIndex
    return output[..<dot] + suffix + (kind.map { ".\($0)" } ?? String(output[dot...]))
  }

  /// Fails where the files of a run cannot be written.
  func checkOutput(sampleCount: Int) async throws {
    try checkWritable(path: output)
    for index in 0..<sampleCount { try checkWritable(path: path(of: index, count: sampleCount)) }
    if hasPreview { try checkWritable(path: previewPath) }
    if isLatent { return }
    guard (try? OutputFormat(path: output)) != nil else {
      let known = OutputFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: " ")
      throw MediaError(
        path: output, message: "the extension tells no known format",
        help: "use \(known), or .safetensors for the latent itself")
    }
    try await Frames.checkOutput(path: output)
  }

  /// Refuses pictures that would be too large to write.
  func checkSize(of model: ModelSpec) throws(MediaError) {
    guard !isLatent, isDrawable, let latent = model.denoiser?.latent else { return }
    let height = model.pixels?.height ?? latent.height
    let width = model.pixels?.width ?? latent.width
    let count = (model.pixels == nil ? latent.frames : model.pixels?.frames) ?? 1
    let factor = factor(height: height, width: width)
    try MediaLimits().check(
      path: output, count: isStrip ? 1 : count, height: height * factor,
      width: isStrip ? count * (width * factor + gap(factor)) - gap(factor) : width * factor)
  }

  /// Whether all frames of a video stand in one picture.
  var isStrip: Bool { (try? OutputFormat(path: output)) == .png }

  /// The screen pixels of a pixel.
  func factor(height: Int, width: Int) -> Int { scale ?? max(1, 128 / max(height, width)) }

  /// The pixels between the frames of a strip.
  func gap(_ factor: Int) -> Int { max(1, factor / 4) }
}

/// Writes the samples of a run, each when it is finished, and in the end a sheet of all.
struct SampleWriter {
  private let job: RunJob
  private let drawing: SampleDrawing
  private let count: Int
  private var finished = 0
  private var cells: [Frames] = []
  private var latents: [Float] = []
  private var latentDimensions: [Int] = []
  private var wrotePreview = false
  private var factor = 1
  private var columns = 1

  /// A writer of the samples of a job.
  init(_ job: RunJob) {
    self.job = job
    drawing = job.drawing
    count = job.series.samples.count
  }

  /// Makes an interruption remove what is half-written, and say what is finished.
  func protect() {
    let preview = drawing.hasPreview ? drawing.previewPath : nil
    guard count > 1 else { return Interruption.protect(drawing.output, preview: preview) }
    let next = finished < count ? drawing.path(of: finished, count: count) : drawing.output
    Interruption.protect(next, preview: preview, saying: "interrupted: " + progressText)
  }

  /// Says what is finished when a run of several samples ends before its time.
  func stop() {
    if count > 1 { Console.complain(progressText) }
  }

  private var progressText: String {
    switch finished {
    case 0: "none of the \(count) samples is finished"
    case count: "all \(count) samples are written, without the contact sheet"
    default:
      "\(finished) of \(count) samples \(finished == 1 ? "is" : "are") written, up to "
        + "\(drawing.path(of: finished - 1, count: count)); the rest is not"
    }
  }

  /// Writes a sample of a batch.
  ///
  /// - Parameters:
  ///   - latents: Those of the batch.
  ///   - index: The sample's place in the run, within `range`.
  mutating func write(
    _ latents: Tensor, _ index: Int, in range: Range<Int>, of run: SamplingRun
  ) async throws {
    let sample = job.series.samples[index]
    let path = drawing.path(of: index, count: count)
    let place = index - range.lowerBound
    let size = latents.values.count / latents.shape[0]
    let own = Array(latents.values[(place * size)..<((place + 1) * size)])
    guard own.allSatisfy(\.isFinite) else {
      throw DiagnosticsError(
        Diagnostic(
          DiffusionRules.notFinite,
          (count == 1 ? "the latent" : "the latent of sample \(index + 1)")
            + " holds numbers that are not finite",
          help: "the weights may not be those of this spec; "
            + (count == 1 ? "nothing was written" : "it was not written")))
    }
    var note: String
    if drawing.isLatent {
      let latent = Tensor([1] + latents.shape.dimensions.dropFirst(), own)
      let metadata = [(key: RunRecipe.metadataKey, value: recipe(of: sample).json)]
      try writeAtomically(
        path: path,
        bytes: SafetensorsWriter.encode([TensorContent("latent", latent)], metadata: metadata))
      note = "the latent, \(latent.type)"
      self.latents += count > 1 ? own : []
      latentDimensions = Array(latents.shape.dimensions.dropFirst())
    } else {
      let pictures = try run.pictures(of: latents, sample: place)
      let frames = pictures.frames
      factor = drawing.factor(height: frames.height, width: frames.width)
      try await frames.scaledUp(by: factor).write(
        to: path, framesPerSecond: drawing.framesPerSecond, stripGap: drawing.gap(factor),
        text: recipe(of: sample).pictureText)
      // Strips stand below one another.
      columns = drawing.isStrip && frames.count > 1 ? 1 : squareColumnCount
      if count > 1 { keep(drawing.isStrip ? frames.strip(gap: 1) : frames) }
      note =
        (pictures.isPreview ? "a preview of the latent (the spec has no autoencoder), " : "")
        + "\(frames.count) frame\(frames.count == 1 ? "" : "s") of \(frames.height)x\(frames.width)"
        + (factor > 1 ? ", drawn \(factor) times as large" : "")
      if let format = try? OutputFormat(path: path), !PictureText.isHeld(by: format) {
        note += ", without how it was made: .\(format.rawValue) holds no text"
      }
    }
    if count > 1 { note = "\(caption(of: sample)): \(note)" }
    Console.complain("\(path): \(note)")
    finished = index + 1
    protect()
  }

  /// Keeps what the contact sheet shows of a sample, if the sheet is not too large.
  private mutating func keep(_ cell: Frames) {
    let size = Frames.contactSheetSize(
      cells: count, columns: columns, height: cell.height * factor, width: cell.width * factor,
      gap: factor)
    let side = MediaLimits().side
    let isSmall = size.height <= side && size.width <= side
    if isSmall, cell.count * size.height * size.width <= Self.sheetPixelLimit {
      cells.append(cell)
    }
  }

  /// The most pixels of a contact sheet, over all frames.
  private static let sheetPixelLimit = 1 << 26

  /// What makes a sample again, alone.
  private func recipe(of sample: SampleSeries.Sample) -> RunRecipe {
    var recipe = job.recipe
    recipe.seed = sample.seed
    recipe.label = sample.label ?? job.exampleLabel
    recipe.labelName = recipe.label.flatMap { job.names?.name(of: $0) }
    if sample.startsFromExample { recipe.noise = .example }
    if count > 1, job.series.hasNoiseRows, case .file(var source) = recipe.noise {
      source.row = sample.index
      recipe.noise = .file(source)
    }
    if count > 1, job.series.hasLatentRows { recipe.start?.row = sample.index }
    return recipe
  }

  /// What tells a sample from the others.
  private func caption(of sample: SampleSeries.Sample) -> String {
    let label = sample.label.map { label in
      "label \(label)" + (job.names?.name(of: label).map { " (\($0))" } ?? "") + ", "
    }
    return (label ?? "") + "seed \(sample.seed)"
  }

  /// Writes the contact sheet of several samples, or all latents, and removes the preview.
  mutating func finish() async throws {
    if wrotePreview { removeFile(path: drawing.previewPath) }
    guard count > 1 else { return }
    if drawing.isLatent {
      let all = Tensor([count] + latentDimensions, latents)
      try writeAtomically(
        path: drawing.output, bytes: SafetensorsWriter.encode([TensorContent("latent", all)]))
      Console.complain("\(drawing.output): all latents, \(all.type)")
      return
    }
    if cells.count < count {
      return Console.complain("\(drawing.output): no contact sheet, because it would be too large")
    }
    let sheet = Frames.contactSheet(cells, columns: columns, gap: 1).scaledUp(by: factor)
    try await sheet.write(
      to: drawing.output, framesPerSecond: drawing.framesPerSecond, stripGap: drawing.gap(factor))
    let rows = (count + columns - 1) / columns
    Console.complain(
      "\(drawing.output): a contact sheet of \(count) samples in \(rows) "
        + "row\(rows == 1 ? "" : "s") of \(columns), in their order")
  }

  private var squareColumnCount: Int {
    var columns = 1
    while columns * columns < count { columns += 1 }
    return columns
  }

  /// Writes what the first sample of the batch looks like between two steps.
  mutating func writePreview(of run: SamplingRun) throws(DiagnosticsError) {
    let frames = try run.pictures(of: try run.currentLatents()).frames
    let factor = drawing.factor(height: frames.height, width: frames.width)
    let strip = frames.scaledUp(by: factor).strip(gap: drawing.gap(factor))
    do throws(MediaError) {
      try strip.writePNG(to: drawing.previewPath)
    } catch {
      throw DiagnosticsError(
        Diagnostic(
          UsageRules.file, "\(error.path): \(error.message)",
          help: error.help ?? "leave --preview-every out"))
    }
    wrotePreview = true
  }
}
