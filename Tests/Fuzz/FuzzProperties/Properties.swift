#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Ends the program, and so the campaign, unless a property holds.
package func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { fail(message()) }
}

/// Ends the program with what went wrong; libFuzzer saves the input.
package func fail(_ message: String) -> Never {
  var text = "broken property: \(message)\n"
  text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
  abort()
}

/// Requires that an input takes at most a second of the processor.
///
/// libFuzzer's own limit is of the time that passes, which depends on what else the machine does.
package func requireQuick(_ body: () -> Void) {
  let start = clock()
  body()
  require(clock() - start <= CLOCKS_PER_SEC, "the input takes over a second")
}
