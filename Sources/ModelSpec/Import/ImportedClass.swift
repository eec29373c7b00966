/// An argument of a class of diffusers.
struct ImportedArgument {
  /// What its value says.
  enum Meaning {
    /// A key of the spec, its value as it is; `null` and what is not finite say `none`.
    case key(String)
    /// A key of the spec; a value by ours for theirs, any other is not supported.
    case names(String, [String: String])
    /// A key of the spec whose value is a list.
    case list(String)
    /// Nothing that a spec can say, but for these values, which say nothing.
    case only([String])
    /// Nothing by itself.
    case ignored
    /// What the class's own function reads.
    case special
  }

  /// Its name.
  let name: String
  /// Its value where it is left out, as JSON without quotes.
  let standard: String
  /// What its value says.
  let meaning: Meaning

  init(_ name: String, _ standard: String, _ meaning: Meaning) {
    self.name = name
    self.standard = standard
    self.meaning = meaning
  }

  /// The elements of `standard`; nil where it is no list.
  var standardElements: [String]? {
    guard standard.hasPrefix("["), standard.hasSuffix("]") else { return nil }
    return standard.dropFirst().dropLast().split(separator: ",").map { element in
      String(element.filter { $0 != " " })
    }
  }
}

/// A class of diffusers that a spec can say.
///
/// - Source: The classes' arguments and defaults in diffusers 0.42.1.
struct ImportedClass {
  /// A key of the spec and the name that is its value.
  typealias NamedValue = (path: String, name: String)

  /// When an argument has a value, others say nothing.
  struct Switch {
    let argument: String
    let value: String
    let silenced: [String]
    /// What the value says itself.
    var values: [NamedValue] = []
  }

  /// Its name.
  let name: String
  /// Its arguments.
  let arguments: [ImportedArgument]
  /// Arguments of which a value takes the meaning from others.
  var switches: [Switch] = []
  /// What the class itself says.
  var constants: [NamedValue] = []
}
