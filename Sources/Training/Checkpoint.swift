import Compiler
import Diagnostics
import Documents
import Glibc
import Lowering
import Media
import ModelSpec
import Runtime
import Tensors
import Weights

/// The files of a checkpoint's folder.
package enum CheckpointFile {
  /// The parameters, in the layout `ditharos`.
  package static let weights = "weights.safetensors"
  /// Their running means, in the same layout; only with `ema`.
  package static let average = "average.safetensors"
  /// The moments; only with AdamW.
  package static let optimizer = "optimizer.safetensors"
  /// The spec in canonical form.
  package static let spec = "spec.yaml"
  /// How far the training is.
  package static let progress = "training.json"
}

extension Trainer {
  /// Writes everything that a training continues from into the folder `step-N` of a folder.
  ///
  /// The folder takes its name when all of its files are on the disk; until then nothing of that
  /// name is there.
  /// - Parameter folder: An existing folder.
  /// - Returns: The path of the checkpoint.
  /// - Throws: Rule `training.write`.
  @discardableResult
  package func writeCheckpoint(in folder: String) throws(DiagnosticsError) -> String {
    let name = "step-\(step)"
    let path = "\(folder)/\(name)"
    let temporary = "\(folder)/.\(name).\(getpid()).tmp"
    removeCheckpoint(temporary)
    guard mkdir(temporary, 0o777) == 0 else { throw writingProblem(temporary) }
    do {
      for (file, tensors) in files { try write(tensors, to: "\(temporary)/\(file)") }
      try writeAtomically(
        path: "\(temporary)/\(CheckpointFile.spec)", bytes: Array(expand(spec).utf8))
      let progress = JSONValue.object([
        ("format_version", .string("1.0")), ("model", .string(spec.name)),
        ("stage", .string(stage.rawValue)), ("step", .integer(step)),
        ("seed", .string(String(seed))), ("samples", .integer(sampleCount)),
        ("samples_checksum", .string(samplesChecksum)),
        ("precision", .string(precision.rawValue)),
      ])
      try writeAtomically(
        path: "\(temporary)/\(CheckpointFile.progress)", bytes: Array((progress.text() + "\n").utf8)
      )
    } catch {
      removeCheckpoint(temporary)
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.writing,
          "`\(path)` cannot be written: \((error as? MediaError)?.message ?? "\(error)")",
          help: "the checkpoints before it are whole: make room, and continue from them"))
    }
    guard rename(temporary, path) == 0 else {
      let problem = writingProblem(path)
      removeCheckpoint(temporary)
      throw problem
    }
    return path
  }

  /// Continues from a checkpoint.
  ///
  /// - Parameter path: The folder that `writeCheckpoint` returned.
  /// - Throws: Rule `training.checkpoint` when it is not one of this training, `weights.*` when a
  ///   file cannot be read. What was trained before is then lost in part.
  package func readCheckpoint(_ path: String) throws(DiagnosticsError) {
    let progress = try CheckpointProgress(path)
    let stored = try loadSpec(file: "\(path)/\(CheckpointFile.spec)").spec
    let hasSamples = progress.sampleCount == sampleCount && progress.samples == samplesChecksum
    let isStage = progress.stage == stage
    let changed =
      stored.asContinued == spec.asContinued
      ? nil : stored.asContinued.changes(to: spec.asContinued).first?.path ?? "the spec"
    guard progress.seed == seed, isStage, hasSamples, changed == nil else {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.checkpoint,
          "`\(path)` is not a checkpoint of this training"
            + (progress.seed == seed ? "" : ": its seed is \(progress.seed)")
            + (isStage ? "" : ": it trains the \(progress.stage.rawValue)")
            + (progress.sampleCount == sampleCount
              ? "" : ": it had \(progress.sampleCount) samples, and now there are \(sampleCount)")
            + (progress.sampleCount == sampleCount && !hasSamples
              ? ": its samples were others" : "")
            + (changed.map { ": its spec is another, `\($0)` differs" } ?? ""),
          help: "continue with the same spec, samples and seed, or start anew from its weights"))
    }
    for (file, tensors) in files {
      let contents = try SafetensorsFile(path: "\(path)/\(file)")
      for tensor in tensors { try read(tensor, from: contents) }
    }
    step = progress.step
  }

  /// A state in a file of a checkpoint.
  private struct StoredState {
    var state: String
    var name: String
    var dimensions: [Int]
  }

  /// What each file holds.
  private var files: [(file: String, tensors: [StoredState])] {
    func stored(_ state: (String) -> String, as name: (String) -> String = { $0 }) -> [StoredState]
    {
      programs.parameters.map {
        StoredState(state: state($0.name), name: name($0.name), dimensions: $0.dimensions)
      }
    }
    var files = [(CheckpointFile.weights, stored { $0 })]
    if training.ema != nil {
      files.append((CheckpointFile.average, stored(TrainingState.average)))
    }
    if case .adamW = training.optimizer {
      files.append(
        (
          CheckpointFile.optimizer,
          stored(TrainingState.firstMoment, as: TrainingState.firstMoment)
            + stored(TrainingState.secondMoment, as: TrainingState.secondMoment)
        ))
    }
    return files
  }

  private func write(_ tensors: [StoredState], to path: String) throws {
    let contents = tensors.compactMap { stored in
      programs.states.tensor(stored.state).map { TensorContent(stored.name, $0) }
    }
    try writeAtomically(path: path, bytes: SafetensorsWriter.encode(contents))
  }

  private func read(_ stored: StoredState, from file: SafetensorsFile) throws(DiagnosticsError) {
    guard let view = file[stored.name], view.dimensions == stored.dimensions else {
      throw DiagnosticsError(
        Diagnostic(
          TrainingRules.checkpoint,
          "`\(file.path)` has no `\(stored.name)` of the shape \(Shape(stored.dimensions))"))
    }
    _ = programs.states.withElements(of: stored.state) { elements in
      view.withFloats { values in
        if let base = values.baseAddress {
          elements.baseAddress?.update(from: base, count: values.count)
        }
      }
    }
  }

  private func writingProblem(_ path: String) -> DiagnosticsError {
    DiagnosticsError(
      Diagnostic(
        TrainingRules.writing, "`\(path)` cannot be made: \(String(cString: strerror(errno)))",
        help: "name an existing folder that holds no checkpoint of that step"))
  }
}

/// Removes a folder and the files in it.
func removeCheckpoint(_ path: String) {
  for name in namesOfAll(in: path) { unlink("\(path)/\(name)") }
  rmdir(path)
}

/// The names of everything in a folder, hidden files included; none where it cannot be read.
func namesOfAll(in path: String) -> [String] {
  guard let listing = opendir(path) else { return [] }
  defer { closedir(listing) }
  var names: [String] = []
  while let entry = readdir(listing) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}

/// What `training.json` says.
package struct CheckpointProgress: Sendable {
  /// The steps taken.
  package var step: Int
  /// The seed of the training.
  package var seed: UInt64
  /// What learns.
  package var stage: TrainingStage
  /// The number of its samples.
  package var sampleCount: Int
  /// The checksum of its samples.
  var samples: String
  /// What it multiplied matrices in last; another may continue it.
  package var precision: Precision

  /// Reads the file of a checkpoint.
  ///
  /// - Parameter path: The folder of the checkpoint.
  /// - Throws: Rule `training.checkpoint` where it says something else.
  package init(_ path: String) throws(DiagnosticsError) {
    let file = "\(path)/\(CheckpointFile.progress)"
    let text = try readTextFile(file, byteLimit: 1 << 16)
    let root = try parseJSON(text, file: file)
    func value(_ key: String) -> String? {
      guard case .mapping(let entries) = root.kind else { return nil }
      return entries.first { $0.key.text == key }?.value.text
    }
    guard let step = value("step").flatMap(Int.init), step >= 0,
      let seed = value("seed").flatMap(UInt64.init),
      let sampleCount = value("samples").flatMap(Int.init), let samples = value("samples_checksum"),
      let stage = value("stage").flatMap(TrainingStage.init)
    else {
      throw DiagnosticsError(
        Diagnostic(TrainingRules.checkpoint, "`\(file)` does not say how far the training is"))
    }
    self.step = step
    self.seed = seed
    self.sampleCount = sampleCount
    self.samples = samples
    self.stage = stage
    precision = value("precision").flatMap(Precision.init) ?? .f32
  }
}

extension ModelSpec {
  /// What decides about a training's numbers: with a constant rate it may be made longer.
  fileprivate var asContinued: ModelSpec {
    var spec = self
    if spec.training?.schedule.kind == .constant { spec.training?.steps = 1 }
    spec.limits = nil
    spec.weights = nil
    spec.example = nil
    return spec
  }
}
