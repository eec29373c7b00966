import Diagnostics

/// A value of the tree that fits its schema, or is marked invalid.
struct CheckedValue: Sendable {
  indirect enum Content: Sendable {
    /// Reported already; stands for any value.
    case invalid
    /// `none` where that is allowed.
    case none
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case text(String)
    case list([CheckedValue])
    case numbers(NumberArray)
    case dictionary([CheckedEntry])
    case mapping(CheckedMapping)
  }

  var content: Content
  /// The place to point at: the value, or its key where it spans lines.
  var place: SourceRange
  /// Whether the user wrote it, rather than a preset or a table of defaults.
  var isWritten: Bool
  /// Whether `place` is the value's own text, so that another value could replace it there.
  var isOwnPlace = false

  /// Whether it was reported.
  var isInvalid: Bool {
    if case .invalid = content { return true }
    return false
  }
}

/// An entry of a dictionary.
struct CheckedEntry: Sendable {
  var key: String
  var keyRange: SourceRange
  var value: CheckedValue
}

/// A mapping whose keys are checked; defaults are filled in.
struct CheckedMapping: Sendable {
  var values: [String: CheckedValue]
  var place: SourceRange

  /// The value of a key; nil when it is left out and has no default.
  subscript(key: String) -> CheckedValue? { values[key] }
}

/// Numbers in nested lists: row-major with extents, outermost first.
struct NumberArray: Sendable {
  var dimensions: [Int]
  var values: [Float]
}
