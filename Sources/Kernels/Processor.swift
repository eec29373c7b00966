import CKernels
import Glibc

/// What the processor and its operating system offer this process.
package struct Processor: Sendable, Equatable {
  /// The maker's name of the model.
  package let name: String
  /// Cores, each counted once however many threads it runs, that this process may use.
  package let coreCount: Int
  /// The share of processor time that the process's control group grants, in processors; nil
  /// without a limit.
  package let quota: Double?

  /// A processor of the given properties.
  package init(name: String, coreCount: Int, quota: Double?) {
    self.name = name
    self.coreCount = coreCount
    self.quota = quota
  }

  /// The processor that this process runs on.
  package static func current() -> Processor {
    let information = CPUInformation(readText("/proc/cpuinfo") ?? "")
    let usable = Int(dth_usable_processors())
    return Processor(
      name: information.name ?? "unknown processor",
      coreCount: max(1, usable / information.threadsPerCore),
      quota: ControlGroup.processorQuota(
        membership: readText("/proc/self/cgroup") ?? "", read: readText))
  }

  /// As many threads as can run at once: one for each core, no more than the quota.
  package var defaultThreadCount: Int {
    guard let quota, quota < Double(coreCount) else { return coreCount }
    return max(1, Int(quota.rounded(.up)))
  }
}

/// What `/proc/cpuinfo` says.
package struct CPUInformation: Sendable, Equatable {
  /// The model of the first processor.
  package let name: String?
  /// Logical processors for each core; 1 where the text does not tell cores apart.
  package let threadsPerCore: Int

  /// Reads the text of `/proc/cpuinfo`.
  package init(_ text: String) {
    var name: String?
    var logical = 0
    var cores = Set<[String]>()
    var package = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = trimmed(parts[1])
      switch trimmed(parts[0]) {
      case "processor": logical += 1
      case "model name": name = name ?? value
      case "physical id": package = value
      case "core id": cores.insert([package, value])
      default: break
      }
    }
    self.name = name
    threadsPerCore = cores.isEmpty ? 1 : max(1, logical / cores.count)
  }
}

/// The limits of a control group, of version 1 or 2.
package enum ControlGroup {
  /// The smallest grant of processor time from the process's group up to the root, in processors.
  ///
  /// `membership` is the text of `/proc/self/cgroup`; `read` gives a file's text.
  package static func processorQuota(
    membership: String, read: (String) -> String?
  ) -> Double? {
    var smallest: Double?
    for line in membership.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let controllers = parts[1].split(separator: ",")
      guard controllers.isEmpty || controllers.contains("cpu") else { continue }
      var names = parts[2].split(separator: "/")
      while true {
        let path = names.map { "/" + $0 }.joined()
        let quota =
          controllers.isEmpty
          ? read("/sys/fs/cgroup\(path)/cpu.max").flatMap(parseMaximum)
          : parseQuota(
            read("/sys/fs/cgroup/cpu\(path)/cpu.cfs_quota_us"),
            read("/sys/fs/cgroup/cpu\(path)/cpu.cfs_period_us"))
        if let quota { smallest = min(smallest ?? quota, quota) }
        if names.popLast() == nil { break }
      }
    }
    return smallest
  }

  /// The grant that the text of `cpu.max` states, as in `200000 100000`; nil for `max`.
  private static func parseMaximum(_ text: String) -> Double? {
    let fields = text.split { $0 == " " || $0 == "\n" }.map(String.init)
    return fields.count == 2 ? parseQuota(fields[0], fields[1]) : nil
  }

  private static func parseQuota(_ quota: String?, _ period: String?) -> Double? {
    guard let quota, let period, let numerator = Double(trimmed(quota[...])),
      let denominator = Double(trimmed(period[...])), numerator > 0, denominator > 0
    else { return nil }
    return numerator / denominator
  }
}

/// The text without space around it.
private func trimmed(_ text: Substring) -> String {
  var text = text
  while let first = text.first, first.isWhitespace { text.removeFirst() }
  while let last = text.last, last.isWhitespace { text.removeLast() }
  return String(text)
}

/// The text of a small file of the system, or nil where it cannot be read.
private func readText(_ path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 16384)
  while true {
    let count = read(file, &piece, piece.count)
    guard count > 0 else { break }
    bytes += piece[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}
