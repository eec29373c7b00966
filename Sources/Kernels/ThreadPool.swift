import CKernels

/// A fixed set of threads that run one body together; the caller is one of them.
///
/// A pool serves one caller at a time.
package final class ThreadPool {
  /// The C pool, for `dth_pool_barrier` within a body.
  package let handle: OpaquePointer

  /// The number of threads, counting the caller.
  package var threadCount: Int { Int(dth_pool_thread_count(handle)) }

  /// A pool of at least one thread, counting the caller; nil where the system refuses the threads.
  package init?(threadCount: Int) {
    guard let handle = dth_pool_create(Int32(clamping: threadCount)) else { return nil }
    self.handle = handle
  }

  deinit { dth_pool_destroy(handle) }

  /// Runs a C function once on every thread and returns when all have ended; allocates nothing.
  package func run(_ body: dth_pool_body, context: UnsafeMutableRawPointer?) {
    dth_pool_run(handle, body, context)
  }

  /// Runs a closure once on every thread, given its index and the count, and returns when all have
  /// ended.
  package func run(_ body: @Sendable (_ thread: Int, _ threadCount: Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      var context = ThreadPoolContext(body: body)
      withUnsafeMutablePointer(to: &context) { context in
        run(
          { context, thread, threadCount in
            context?.assumingMemoryBound(to: ThreadPoolContext.self).pointee
              .body(Int(thread), Int(threadCount))
          }, context: context)
      }
    }
  }

  /// Runs a closure over equal shares of `0..<count`, one for each thread, and returns when all have
  /// ended.
  package func divide(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
    run { thread, threadCount in
      body(count * thread / threadCount..<count * (thread + 1) / threadCount)
    }
  }

  /// Waits until every thread has called it; only within a body.
  package func barrier() { dth_pool_barrier(handle) }
}

/// What a body given as a closure travels in.
private struct ThreadPoolContext {
  let body: @Sendable (Int, Int) -> Void
}
