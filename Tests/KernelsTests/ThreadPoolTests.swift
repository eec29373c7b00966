import CKernels
import Kernels
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 4, 7, 16]) func `every thread runs once per run`(count: Int) throws {
    let pool = try #require(ThreadPool(threadCount: count))
    #expect(pool.threadCount == count)
    let runs = Mutex([Int](repeating: 0, count: count))
    for _ in 0..<500 {
      pool.run { thread, threadCount in
        runs.withLock { $0[thread] += threadCount == count ? 1 : 0 }
      }
    }
    #expect(runs.withLock { $0 } == [Int](repeating: 500, count: count))
  }

  @Test(arguments: [0, 1, 3, 4, 1000]) func `shares make the whole`(count: Int) throws {
    let pool = try #require(ThreadPool(threadCount: 4))
    let seen = Mutex([Int](repeating: 0, count: count))
    pool.divide(count) { range in seen.withLock { for index in range { $0[index] += 1 } } }
    #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
  }

  @Test(arguments: [1, 2, 5, 12])
  func `nobody passes a barrier before all have arrived`(count: Int) throws {
    let pool = try #require(ThreadPool(threadCount: count))
    let barrier = Barrier(pool)
    let arrived = Atomic(0)
    let early = Atomic(0)
    for run in 0..<20 {
      pool.run { _, _ in
        for round in 1...50 {
          arrived.add(1, ordering: .relaxed)
          barrier.wait()
          if arrived.load(ordering: .relaxed) < (run * 50 + round) * count {
            early.add(1, ordering: .relaxed)
          }
          barrier.wait()
        }
      }
    }
    #expect(early.load(ordering: .relaxed) == 0)
    #expect(arrived.load(ordering: .relaxed) == 1000 * count)
  }

  @Test func `pools come and go, with work and without`() throws {
    for count in 1...20 {
      let pool = try #require(ThreadPool(threadCount: count))
      if count % 2 == 0 { pool.run { _, _ in } }
    }
    #expect(try #require(ThreadPool(threadCount: -3)).threadCount == 1)
  }

  @Test func `what threads wrote is seen by the caller`() throws {
    let pool = try #require(ThreadPool(threadCount: 4))
    let values = Slots(Floats([Float](repeating: 0, count: 4)))
    for run in 1...300 {
      pool.run { thread, _ in values.floats[thread] += 1 }
      #expect(values.floats.values == [Float](repeating: Float(run), count: 4))
    }
  }

  @Test func `a kernel on real threads gives the bytes of one`() throws {
    let problem = LinearProblem(
      m: 61, n: 200, k: 40, bias: true, activation: DTH_ACTIVATION_GELU_TANH)
    let expected = problem.run(on: .best, threads: 1)
    let (a, w, bias, _, _) = problem.inputs()
    let operands = [Floats(count: 61 * 200), Floats(a), Floats(count: 224 * 40), Floats(bias)]
    dth_pack_weight(w, 200, 40, 40, false, 0, 7, operands[2].pointer)
    var arguments = dth_linear_args()
    arguments.m = 61
    arguments.n = 200
    arguments.k = 40
    arguments.row_stride = 40
    arguments.result_stride = 200
    arguments.activation = DTH_ACTIVATION_GELU_TANH
    let scratchBytes = dth_linear_scratch_bytes(&arguments)
    let pool = try #require(ThreadPool(threadCount: 4))
    for _ in 0..<20 {
      let claims = Claims(threads: 4)
      defer { claims.free() }
      let call = Call(
        arguments: arguments, operands: operands.map(\.raw) + [nil, nil], claims: claims.pointer)
      pool.run { thread, threadCount in
        let scratch = Floats(count: scratchBytes / 4, offset: 8)
        defer { withExtendedLifetime(scratch) {} }
        withUnsafePointer(to: call.arguments) { arguments in
          call.operands.withUnsafeBufferPointer {
            KernelRow.best.functions.pointee.linear(
              arguments, $0.baseAddress!, Int32(thread), Int32(threadCount), scratch.raw,
              call.claims)
          }
        }
      }
      #expect(operands[0].bits == expected)
    }
  }

  /// Lets a body that is `Sendable` reach the pool that runs it.
  private struct Barrier: @unchecked Sendable {
    private let pool: ThreadPool
    init(_ pool: ThreadPool) { self.pool = pool }
    func wait() { pool.barrier() }
  }

  /// Memory in which each thread has its own element.
  private struct Slots: @unchecked Sendable {
    let floats: Floats
    init(_ floats: Floats) { self.floats = floats }
  }

  /// A kernel's operands, of which each thread writes its own share.
  private struct Call: @unchecked Sendable {
    let arguments: dth_linear_args
    let operands: [UnsafeMutableRawPointer?]
    let claims: OpaquePointer?
  }
}
