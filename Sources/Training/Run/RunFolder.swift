import Diagnostics
import Glibc
import Media
import ModelSpec

/// The folder of a training: checkpoints, metrics, samples, and the weights in the end.
package struct RunFolder: Sendable {
  /// The path.
  package let path: String

  /// The checkpoints that are kept, the newest included.
  static let checkpointLimit = 3

  /// The folder of a training, which `make` makes where there is none.
  ///
  /// - Parameter isResuming: Whether it may hold a training; one that has not begun may be resumed.
  /// - Throws: Rule `training.run` where it cannot be used.
  package init(_ path: String, isResuming: Bool) throws(DiagnosticsError) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    do {
      try checkWritable(path: "\(self.path)/\(CheckpointFile.spec)")
    } catch  where access(self.path, F_OK) != 0 {
      return
    } catch {
      throw Self.problem(error.description, "choose another --out")
    }
    let names = try entries.map(\.name)
    if names.isEmpty { return }
    if !isResuming {
      throw Self.problem(
        "`\(path)` is not empty",
        names.contains(CheckpointFile.spec)
          ? "continue its training with --resume, or choose another --out" : "choose another --out")
    }
    guard names.contains(CheckpointFile.spec) else {
      throw Self.problem(
        "`\(path)` holds no training to resume", "name the folder that --out named before")
    }
  }

  /// Makes the folder where there is none.
  ///
  /// - Throws: Rule `training.run`.
  func make() throws(DiagnosticsError) {
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw Self.problem(
        "`\(path)` cannot be made: \(String(cString: strerror(errno)))",
        "name a new folder within one that exists")
    }
  }

  private static func problem(_ message: String, _ help: String) -> DiagnosticsError {
    DiagnosticsError(Diagnostic(TrainingRules.run, message, help: help))
  }

  private var entries: [FolderEntry] {
    get throws(DiagnosticsError) {
      do {
        return try folderEntries(path: path)
      } catch {
        throw Self.problem("`\(path)` \(error.message)", "choose another --out")
      }
    }
  }

  /// A path within the folder.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The steps of the checkpoints, the newest first.
  package var checkpoints: [Int] {
    let found = (try? entries) ?? []
    return found.compactMap { entry in
      guard entry.isFolder, entry.name.hasPrefix("step-") else { return nil }
      return Int(entry.name.dropFirst("step-".count))
    }.sorted(by: >)
  }

  /// The path of the checkpoint after a step.
  package func checkpoint(_ step: Int) -> String { file("step-\(step)") }

  /// Removes the oldest checkpoints, and what killed trainings left half-written.
  func clean() {
    for step in checkpoints.dropFirst(Self.checkpointLimit) {
      // Under another name first: what is half removed is then no checkpoint.
      let hidden = file(".step-\(step).old.tmp")
      if rename(checkpoint(step), hidden) == 0 { removeCheckpoint(hidden) }
    }
  }

  /// Removes what trainings that were killed left half-written.
  func removeLeftovers() {
    for folder in [path, file("samples")] {
      for name in namesOfAll(in: folder) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
        if unlink("\(folder)/\(name)") != 0 { removeCheckpoint("\(folder)/\(name)") }
      }
    }
  }

  /// Gives damaged checkpoints names under which they are in nobody's way.
  func setAside(_ paths: [String]) {
    for path in paths {
      let name = path.dropFirst(self.path.count + 1)
      rename(path, file("damaged-\(name)"))
    }
  }

  /// Makes a folder within it.
  ///
  /// - Throws: Rule `training.write`.
  func makeFolder(_ name: String) throws(DiagnosticsError) {
    if mkdir(file(name), 0o777) != 0, errno != EEXIST { throw writingProblem(file(name)) }
  }
}
