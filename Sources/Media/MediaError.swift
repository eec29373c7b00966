/// A file of pictures that cannot be read or written, told in one line.
///
/// The message is lower case, has no final period and does not repeat the path.
package struct MediaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The path as the caller gave it.
  package let path: String
  /// What is wrong.
  package let message: String
  /// What to do about it, when there is one thing to do.
  package let help: String?

  package init(path: String, message: String, help: String? = nil) {
    self.path = path
    self.message = message
    self.help = help
  }

  /// The path and the message, with the help after a semicolon.
  package var description: String {
    guard let help else { return "\(path): \(message)" }
    return "\(path): \(message); \(help)"
  }
}
