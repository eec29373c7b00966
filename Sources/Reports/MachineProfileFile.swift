import Diagnostics
import Documents
import Runtime
import Tensors

/// The text in which profiles of machines are kept from one run of the program to the next.
///
/// A text from elsewhere is not trusted: one that is not exactly what is written here is damaged.
package struct MachineProfileFile: Sendable {
  /// The most bytes that are read.
  package static let byteLimit = 1 << 20
  /// The most profiles that are kept.
  private static let profileLimit = 16

  /// The profiles, the newest first.
  package private(set) var profiles: [MachineProfile]

  /// A file without profiles.
  package init() { profiles = [] }

  /// Reads a text; nil where it is damaged.
  package init?(_ text: String) {
    let limits = DocumentLimits(byteCount: Self.byteLimit, depth: 8, nodeCount: 100_000)
    guard let root = try? parseJSON(text, file: "machine.json", limits: limits),
      root["format_version"]?.text == "1.0", let elements = root["profiles"]?.elements,
      elements.count <= Self.profileLimit
    else { return nil }
    profiles = []
    for element in elements {
      guard let profile = Self.profile(element) else { return nil }
      profiles.append(profile)
    }
  }

  /// The profile of a key; nil when there is none.
  package subscript(key: MachineProfile.Key) -> MachineProfile? {
    profiles.first { $0.key == key }
  }

  /// Adds a profile, in place of one with its key.
  package mutating func add(_ profile: MachineProfile) {
    profiles.removeAll { $0.key == profile.key }
    profiles = [profile] + profiles.prefix(Self.profileLimit - 1)
  }

  /// The text.
  package var text: String {
    JSONValue.object([
      (key: "format_version", value: .string("1.0")),
      (key: "profiles", value: .array(profiles.map(Self.json))),
    ]).text() + "\n"
  }

  private static func json(_ profile: MachineProfile) -> JSONValue {
    let tables = MachineProfile.Table.all.compactMap { table in
      profile.tables[table].map { function in
        (
          key: table.name,
          value: JSONValue.object([
            (key: "axes", value: .array(function.axes.map { .array($0.map(JSONValue.number)) })),
            (key: "values", value: .array(function.values.map(JSONValue.number))),
          ])
        )
      }
    }
    let peaks = Precision.allCases.map {
      (key: $0.rawValue, value: JSONValue.number(profile.peaks[$0] ?? 0))
    }
    return .object([
      (key: "processor", value: .string(profile.key.processor)),
      (key: "kernels", value: .string(profile.key.kernels)),
      (key: "threads", value: .integer(profile.key.threads)),
      (key: "version", value: .string(profile.key.version)),
      (key: "peak_flops", value: .object(peaks)),
      (key: "seconds", value: .object(tables)),
    ])
  }

  private static func profile(_ node: DocumentNode) -> MachineProfile? {
    guard let processor = node["processor"]?.text, let kernels = node["kernels"]?.text,
      let threads = node["threads"]?.text.flatMap({ Int($0) }),
      let version = node["version"]?.text
    else { return nil }
    var peaks: [Precision: Double] = [:]
    for precision in Precision.allCases {
      peaks[precision] = node["peak_flops"]?[precision.rawValue].flatMap(number)
    }
    var tables: [MachineProfile.Table: SampledFunction] = [:]
    for table in MachineProfile.Table.all {
      guard let function = node["seconds"]?[table.name],
        let axes = function["axes"]?.elements?.map(numbers),
        let values = function["values"].flatMap(numbers)
      else { return nil }
      tables[table] = SampledFunction(axes: axes.compactMap(\.self), values: values)
    }
    return MachineProfile(
      key: MachineProfile.Key(
        processor: processor, kernels: kernels, threads: threads, version: version),
      peaks: peaks, tables: tables)
  }

  private static func numbers(_ node: DocumentNode) -> [Double]? {
    guard let elements = node.elements else { return nil }
    let numbers = elements.compactMap(number)
    return numbers.count == elements.count ? numbers : nil
  }

  private static func number(_ node: DocumentNode) -> Double? {
    guard case .scalar(let text, .plain) = node.kind else { return nil }
    return Double(text)
  }
}
