/// Where the numbers of parameters come from: a file, a spec or a generator.
package struct ParameterSource: Sendable {
  /// Lends the elements of one parameter, row-major in 32-bit floats, for the time of a call.
  package typealias Lender =
    @Sendable (
      _ name: String, _ body: (UnsafeBufferPointer<Float>) throws -> Void
    ) throws -> Void

  private let lend: Lender

  /// A source that lends by a closure, which throws for a name it does not know.
  package init(_ lend: @escaping Lender) { self.lend = lend }

  /// A source of parameters held in memory, by name.
  package init(_ parameters: [String: [Float]]) {
    lend = { name, body in
      guard let values = parameters[name] else {
        throw RuntimeError("the parameter \(name) has no value")
      }
      try values.withUnsafeBufferPointer(body)
    }
  }

  /// Runs a body with the elements of a parameter.
  ///
  /// - Throws: What the source throws for a name it does not know, and what the body throws.
  func withFloats(
    _ name: String, _ body: (UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    try lend(name, body)
  }
}
