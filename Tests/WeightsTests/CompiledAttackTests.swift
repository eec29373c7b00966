import Diagnostics
import Tensors
import Testing
import Weights

/// An index that must be refused although its checksum is right.
private struct IndexAttack: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let reason: String
  let change: @Sendable (inout CompiledParts) -> Void

  init(
    _ name: String, _ reason: String, _ change: @escaping @Sendable (inout CompiledParts) -> Void
  ) {
    testDescription = name
    self.reason = reason
    self.change = change
  }
}

/// A compiled model field by field, each of which can be wrong.
struct CompiledParts: Sendable {
  var version = 1
  var precision = 0
  var fileByteCount: UInt64?
  var specByteCount: Int?
  var indexByteCount: Int?
  var parameterCount: Int?
  var weightCount: Int?
  var reserved: [UInt8] = [UInt8](repeating: 0, count: 24)
  var spec = Array("ditharos: 1\n".utf8)
  var parameters = [Parameter(name: "a", extents: [40, 2]), Parameter(name: "b", extents: [3])]
  var weights = [
    Weight(layout: 1, parts: [0], extents: [40, 2], panels: [40, 2]),
    Weight(layout: 0, parts: [1], extents: [3], panels: []),
  ]
  var indexTail: [UInt8] = []
  var padding: UInt8 = 0
  var dataByteCount = 64 * 2 * 4 + 64

  struct Parameter: Sendable {
    var name: String
    var nameBytes: [UInt8]?
    var nameByteCount: Int?
    var rank: Int?
    var extents: [UInt64]
  }

  struct Weight: Sendable {
    var layout: Int
    var partCount: Int?
    var parts: [Int]
    var extents: [UInt64]
    var panels: [UInt64]
  }

  private var index: [UInt8] {
    var bytes: [UInt8] = []
    for parameter in parameters {
      let name = parameter.nameBytes ?? Array(parameter.name.utf8)
      bytes += word(parameter.nameByteCount ?? name.count) + name
      bytes += word(parameter.rank ?? parameter.extents.count) + parameter.extents.flatMap(long)
    }
    for weight in weights {
      bytes += word(weight.layout) + word(weight.partCount ?? weight.parts.count)
      bytes += weight.parts.flatMap(word) + word(weight.extents.count)
      bytes += (weight.extents + weight.panels).flatMap(long)
    }
    return bytes + indexTail
  }

  /// The file, its checksums right.
  var bytes: [UInt8] {
    let index = index
    let headByteCount = 64 + spec.count + index.count
    let dataStart = (headByteCount + 8 + 4095) / 4096 * 4096
    let size = dataStart + dataByteCount + 8 * weights.count
    var bytes: [UInt8] = [0x89, 0x44, 0x49, 0x54, 0x43, 0x0d, 0x0a, 0x1a]
    bytes += word(version) + word(precision) + long(fileByteCount ?? UInt64(size))
    bytes += word(specByteCount ?? spec.count) + word(indexByteCount ?? index.count)
    bytes += word(parameterCount ?? parameters.count) + word(weightCount ?? weights.count)
    bytes += reserved + spec + index
    bytes += long(bytes.withUnsafeBytes(xxh64))
    bytes += [UInt8](repeating: padding, count: dataStart - bytes.count)
    return bytes + [UInt8](repeating: 0, count: size - dataStart)
  }
}

private func word(_ value: Int) -> [UInt8] {
  withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian) { Array($0) }
}

private func long(_ value: UInt64) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

private let attacks = [
  IndexAttack("version 0", "version 0") { $0.version = 0 },
  IndexAttack("unknown precision", "unknown precision 7") { $0.precision = 7 },
  IndexAttack("more bytes than there are", "cut short") { $0.fileByteCount = 1 << 40 },
  IndexAttack("more bytes than numbers", "the number 18446744073709551615") {
    $0.fileByteCount = .max
  },
  IndexAttack("fewer bytes than there are", "more than the 100") { $0.fileByteCount = 100 },
  IndexAttack("huge spec", "above the limit of 1048576") { $0.specByteCount = 0xffff_ffff },
  IndexAttack("huge index", "above the limit of 67108864") { $0.indexByteCount = 0xffff_ffff },
  IndexAttack("no room for the index", "no room") { $0.indexByteCount = 1 << 20 },
  IndexAttack("shorter spec", "damaged") { $0.specByteCount = 3 },
  IndexAttack("reserved bytes", "zeros belong") { $0.reserved[23] = 1 },
  IndexAttack("padding", "zeros belong") { $0.padding = 1 },
  IndexAttack("spec that is no text", "not UTF-8") { $0.spec = [0xff, 0xfe] },
  IndexAttack("more parameters", "ends") { $0.parameterCount = 9 },
  IndexAttack("all parameters", "ends") { $0.parameterCount = 0xffff_ffff },
  IndexAttack("fewer parameters", "index") { $0.parameterCount = 1 },
  IndexAttack("more weights", "pass its end") { $0.weightCount = 3 },
  IndexAttack("all weights", "no room for the checksums") { $0.weightCount = 0xffff_ffff },
  IndexAttack("no weights", "too many") { $0.weightCount = 0 },
  IndexAttack("bytes after the index", "1 byte too many") { $0.indexTail = [0] },
  IndexAttack("name past the end", "ends within its names") {
    $0.parameters[0].nameByteCount = 0x7fff_ffff
  },
  IndexAttack("name that is no text", "not UTF-8") { $0.parameters[0].nameBytes = [0xc0, 0xaf] },
  IndexAttack("name twice", "`a` twice") { $0.parameters[1].name = "a" },
  IndexAttack("too many axes", "9 axes") {
    $0.parameters[0].extents = [40, 2, 1, 1, 1, 1, 1, 1, 1]
  },
  IndexAttack("axes past the end", "ends within its shapes") {
    $0.parameters[0].rank = 0xffff_ffff
  },
  IndexAttack("extent of 0", "impossible shape") { $0.parameters[0].extents = [0, 2] },
  IndexAttack("extent above 63 bits", "the number") { $0.parameters[0].extents = [1 << 63] },
  IndexAttack("product that overflows", "impossible shape") {
    $0.parameters[0].extents = [1 << 32, 1 << 32]
  },
  IndexAttack("product above the limit", "impossible shape") {
    $0.parameters[0].extents = [1 << 40, 2]
  },
  IndexAttack("unknown layout", "unknown layout 3") { $0.weights[1].layout = 3 },
  IndexAttack("no parts", "no parameters") { $0.weights[1].parts = [] },
  IndexAttack("part twice", "one twice") {
    $0.weights[1].parts = [1, 1]
    $0.weights[1].extents = [6]
  },
  IndexAttack("part out of range", "no parameter 2") { $0.weights[1].parts = [2] },
  IndexAttack("parts past the end", "ends within its weights") {
    $0.weights[1].partCount = 0xffff_ffff
  },
  IndexAttack("shape of another size", "not as large as its parts") {
    $0.weights[1].extents = [4]
  },
  IndexAttack("panels of another size", "panels of another size") {
    $0.weights[0].panels = [40, 3]
  },
  IndexAttack("panels of nothing", "panels of another size") { $0.weights[0].panels = [0, 0] },
  IndexAttack("panels that overflow", "panels of another size") {
    $0.weights[0].panels = [1 << 62, 1 << 62]
  },
  IndexAttack("panels that split a part", "panels of another size") {
    $0.weights[0] = CompiledParts.Weight(
      layout: 1, parts: [0, 1], extents: [83], panels: [1, 83])
    $0.dataByteCount = 32 * 83 * 4 + 64
  },
  IndexAttack("weight twice", "weight 1 twice") {
    $0.weights[1] = $0.weights[0]
    $0.dataByteCount = 2 * 64 * 2 * 4
  },
  IndexAttack("weights past the end", "pass its end") { $0.dataByteCount = 64 },
  IndexAttack("bytes of no weight", "where the index describes 576") { $0.dataByteCount += 64 },
  IndexAttack("weights that end within a line", "where the index describes 576") {
    $0.dataByteCount += 1
  },
  IndexAttack("parameter without a weight", "no weight with parameter `b`") {
    $0.weights.removeLast()
    $0.dataByteCount = 64 * 2 * 4
  },
]

/// Indices that lie, with checksums that do not.
@Suite struct CompiledAttackTests {
  @Test func `the file that is attacked is accepted`() throws {
    let folder = try TemporaryFolder()
    let file = try CompiledFile(path: folder.write(CompiledParts().bytes, to: "x.ditc"))
    #expect(file.weights.count == 2 && file.precision == .f32)
  }

  @Test(arguments: attacks)
  private func `is refused`(attack: IndexAttack) throws {
    var parts = CompiledParts()
    attack.change(&parts)
    let folder = try TemporaryFolder()
    let problem = try refusal(folder.write(parts.bytes, to: "x.ditc"))
    #expect(problem.message.contains(attack.reason), "\(problem.message)")
    #expect(problem.help != nil)
  }
}
