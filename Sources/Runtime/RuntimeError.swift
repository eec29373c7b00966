/// A tensor, a parameter or a graph that cannot be run.
package struct RuntimeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, complete on its own; lower case, no final period.
  package let message: String

  /// An error of a message.
  package init(_ message: String) { self.message = message }

  /// The message.
  package var description: String { message }
}
