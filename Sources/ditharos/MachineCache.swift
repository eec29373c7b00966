import ArgumentParser
import Diagnostics
import Documents
import Foundation
import Kernels
import Media
import Reports
import Runtime

/// The file in which the measured speed of this machine is kept between runs of the program.
enum MachineCache {
  /// Its path: in the folder `ditharos` of XDG_CACHE_HOME, or of ~/.cache; nil without either.
  static var path: String? {
    let environment = ProcessInfo.processInfo.environment
    // The XDG Base Directory Specification: a path that is not absolute is ignored.
    if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") {
      return "\(folder)/ditharos/machine.json"
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return "\(home)/.cache/ditharos/machine.json"
  }

  /// What a profile for kernels and threads on this machine is stored under.
  static func key(kernels: String, threads: Int) -> MachineProfile.Key {
    MachineProfile.Key(
      processor: Processor.current().name, kernels: kernels, threads: threads,
      version: Ditharos.configuration.version)
  }

  /// The stored profile of a key, and what is wrong with the file.
  static func profile(
    for key: MachineProfile.Key
  ) -> (profile: MachineProfile?, warnings: [Diagnostic]) {
    let (file, warnings) = read()
    return (file[key], warnings)
  }

  /// Stores a profile; returns where, or nil with what is wrong.
  static func store(_ profile: MachineProfile) -> (path: String?, warnings: [Diagnostic]) {
    func failure(_ reason: String) -> (String?, [Diagnostic]) {
      (
        nil,
        [
          Diagnostic(
            MachineRules.unwritten, "the profile of this machine cannot be stored: \(reason)",
            help: "set XDG_CACHE_HOME to a folder that can be written")
        ]
      )
    }
    guard let path else { return failure("there is neither XDG_CACHE_HOME nor HOME") }
    // One that is damaged is replaced.
    var file = read().file
    file.add(profile)
    do {
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
        withIntermediateDirectories: true)
      Interruption.protect(path)
      try writeAtomically(path: path, bytes: Array(file.text.utf8))
      return (path, [])
    } catch let error as MediaError {
      return failure("\(error.path) \(error.message)")
    } catch {
      return failure(error.localizedDescription)
    }
  }

  /// The file's profiles, none where there is no file.
  private static func read() -> (file: MachineProfileFile, warnings: [Diagnostic]) {
    guard let path, FileManager.default.fileExists(atPath: path) else {
      return (MachineProfileFile(), [])
    }
    if let text = try? readTextFile(path, byteLimit: MachineProfileFile.byteLimit),
      let file = MachineProfileFile(text)
    {
      return (file, [])
    }
    return (
      MachineProfileFile(),
      [
        Diagnostic(
          MachineRules.profile, "`\(path)` is damaged, and is ignored",
          help: "run `ditharos bench` to measure this machine again")
      ]
    )
  }
}
