import CKernels
import Kernels
import Tensors
import Testing

@Suite struct KernelRowTests {
  @Test func `there is always the portable row, and the best is the last`() {
    let names = KernelRow.supported.map(\.name)
    #expect(names.first == "portable")
    #expect(
      Set(names).isSubset(of: [
        "portable", "avx2", "avx512", "avx512_bf16", "amx", "neon",
      ]))
    #expect(KernelRow.best.name == names.last)
  }

  @Test func `a row is chosen by name`() throws {
    #expect(try KernelRow.named("portable").name == "portable")
    #expect(try KernelRow.named(nil).name == KernelRow.best.name)
  }

  @Test func `an unknown row is refused with the names that would do`() {
    let error = #expect(throws: UnsupportedKernelRow.self) { try KernelRow.named("avx3") }
    let names = KernelRow.supported.map(\.name).joined(separator: ", ")
    #expect(
      error?.description
        == "this processor has no kernels named 'avx3'; DITHAROS_ISA may be one of \(names)")
  }

  @Test(arguments: KernelRow.supported.map(\.name))
  func `a row counts the operations of its multiply-adds`(name: String) throws {
    let row = try KernelRow.named(name)
    let pool = try #require(ThreadPool(threadCount: 2))
    for precision in Precision.allCases {
      let functions = row.functions.pointee
      let loop = try #require(precision == .f32 ? functions.peak : functions.peak_bf16)
      let one = loop(1)
      #expect(one > 0 && loop(7) == 7 * one && loop(0) == 0)
      #expect(row.peakRate(precision, pool: pool, seconds: 0.001) > 0)
    }
  }

  @Test func `memory is aligned and zero`() {
    guard let memory = AlignedMemory(byteCount: 1000) else {
      Issue.record("no memory")
      return
    }
    let pointer = memory.pointer
    #expect(Int(bitPattern: pointer) % 64 == 0)
    #expect((0..<1000).allSatisfy { pointer.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    let byteCount = memory.byteCount
    #expect(byteCount == 1000)
  }

  @Test func `memory that does not exist is refused`() {
    for byteCount in [Int.max / 2, -1] {
      if AlignedMemory(byteCount: byteCount) != nil { Issue.record("\(byteCount) bytes") }
    }
  }

  @Test func `elements of a C array are set from the first on`() {
    var arguments = dth_matmul_args()
    setElements(of: &arguments.batch, to: [Int64(5), 6])
    #expect(arguments.batch.0 == 5 && arguments.batch.1 == 6 && arguments.batch.2 == 0)
  }
}
