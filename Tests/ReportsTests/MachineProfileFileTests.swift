import Reports
import Runtime
import Tensors
import Testing

@Suite struct MachineProfileFileTests {
  private func profile(processor: String = "A \"quoted\" processor", threads: Int = 2) throws
    -> MachineProfile
  {
    var tables: [MachineProfile.Table: SampledFunction] = [:]
    for (number, table) in MachineProfile.Table.all.enumerated() {
      let axes = (0..<table.axisCount).map { [1, 2.5 + Double($0), 1e6] }
      let count = axes.reduce(1) { $0 * $1.count }
      tables[table] = SampledFunction(
        axes: axes, values: (0..<count).map { 1e-9 / 3 * Double($0 + number + 1) })
    }
    return try #require(
      MachineProfile(
        key: MachineProfile.Key(
          processor: processor, kernels: "avx2", threads: threads, version: "1.2.3"),
        peaks: [.f32: 1.5e11, .bf16: 3e11], tables: tables))
  }

  @Test func `what is written reads back the same`() throws {
    var file = MachineProfileFile()
    let first = try profile()
    let second = try profile(threads: 4)
    file.add(first)
    file.add(second)
    let read = try #require(MachineProfileFile(file.text))
    #expect(read.profiles == [second, first])
    #expect(read[first.key] == first)
    var key = first.key
    key.version = "1.2.4"
    #expect(read[key] == nil)
  }

  @Test func `a newer profile takes the place of an older one, and few are kept`() throws {
    var file = MachineProfileFile()
    for threads in 1...20 { file.add(try profile(threads: threads)) }
    file.add(try profile(threads: 20))
    #expect(file.profiles.map(\.key.threads) == Array((5...20).reversed()))
    #expect(MachineProfileFile(file.text) != nil)
  }

  @Test func `a text that something else wrote is damaged`() throws {
    var file = MachineProfileFile()
    file.add(try profile())
    let text = file.text
    for damaged in [
      "", "{}", "[]", "null", "\u{0}", String(text.dropLast(2)), text + "x",
      text.replacing("\"1.0\"", with: "\"2.0\""),
      text.replacing("\"profiles\": [", with: "\"profiles\": [{},"),
      text.replacing("\"threads\": 2", with: "\"threads\": \"two\""),
      text.replacing("\"peak_flops\"", with: "\"peaks\""),
      text.replacing("150000000000", with: "-150000000000"),
      text.replacing("150000000000", with: "1e999"),
      text.replacing("150000000000", with: "\"150000000000\""),
      text.replacing("\"call\"", with: "\"cell\""),
      text.replacing("\"axes\": []", with: "\"axes\": [[1]]"),
      text.replacing("[1,2.5,1000000]", with: "[1,0.5,1000000]"),
      text.replacing("[1,2.5,1000000]", with: "[1,2.5]"),
      text.replacing("[1,2.5,1000000]", with: "1"),
      text.replacing("[1,2.5,1000000]", with: "[1,nan,1000000]"),
    ] {
      #expect(damaged != text)
      #expect(MachineProfileFile(damaged) == nil, "\(damaged.prefix(200))")
    }
  }

  @Test func `a text with too much of everything is damaged`() {
    let many = String(repeating: "[", count: 100_000)
    #expect(MachineProfileFile(many) == nil)
    let long = #"{"format_version": "1.0", "profiles": [], "x": ""#
    #expect(MachineProfileFile(long + String(repeating: "x", count: 2 << 20) + "\"}") == nil)
  }
}
