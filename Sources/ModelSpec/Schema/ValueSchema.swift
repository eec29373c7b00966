import Diagnostics

/// What a value of the spec language may be.
package indirect enum ValueSchema: Sendable {
  /// A whole number in decimal digits.
  case integer(ClosedRange<Int>)
  /// A finite number.
  case number(NumberRange)
  /// `true` or `false`.
  case boolean
  /// One of a few names.
  case choice([Choice])
  /// A string.
  case text(TextForm)
  /// A whole number with a unit, as in `512MiB` or `40M`.
  case quantity(QuantityUnit)
  /// A list whose length is in a range.
  case list(ValueSchema, count: ClosedRange<Int>)
  /// Numbers in lists nested to one depth, all lists of a level equally long.
  case numbers
  /// A mapping from names of the user's choice.
  case dictionary(ValueSchema)
  /// A mapping with known keys.
  case mapping(MappingSchema)
  /// `none`, or a value.
  case optional(ValueSchema)
  /// One of several, told apart by being a scalar, a list or a mapping.
  case anyOf([ValueSchema])
}

/// A name that a value may be, with its meaning.
package struct Choice: Sendable, Hashable {
  /// The name.
  package var name: String
  /// One sentence.
  package var summary: String

  /// A choice.
  package init(_ name: String, _ summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// The numbers that a value may be.
package struct NumberRange: Sendable, Hashable {
  /// The least.
  package var lower: Double
  /// The greatest.
  package var upper: Double
  /// Whether `lower` itself is refused.
  package var excludesLower = false
  /// Whether `upper` itself is refused.
  package var excludesUpper = false

  /// Whether a number is in the range.
  package func contains(_ value: Double) -> Bool {
    (excludesLower ? value > lower : value >= lower)
      && (excludesUpper ? value < upper : value <= upper)
  }

  /// Any finite number.
  package static let any = NumberRange(
    lower: -.greatestFiniteMagnitude, upper: .greatestFiniteMagnitude)
  /// What 32 bits hold.
  package static let float = NumberRange(
    lower: -Double(Float.greatestFiniteMagnitude), upper: Double(Float.greatestFiniteMagnitude))
  /// A share, 1 excluded.
  package static let share = NumberRange(lower: 0, upper: 1, excludesUpper: true)

  /// Above 0, up to a limit.
  package static func positive(to upper: Double) -> NumberRange {
    NumberRange(lower: 0, upper: upper, excludesLower: true)
  }
}

/// The strings that a value may be.
package enum TextForm: String, Sendable, Hashable, CaseIterable {
  /// Any string that is not empty.
  case any
  /// Letters, digits, `.`, `_` and `-`, a letter or digit first.
  case identifier
  /// A path relative to the spec that stays in the spec's folder.
  case path
}

/// The units of a quantity.
package enum QuantityUnit: String, Sendable, Hashable, CaseIterable {
  /// `B`, `KB`, `MB`, `GB`, `TB` (powers of 1000), `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024).
  case bytes
  /// `K`, `M`, `G`, `T` (powers of 1000).
  case count

  /// The units and their factors.
  package var factors: [(name: String, factor: Int)] {
    switch self {
    case .bytes:
      [
        ("B", 1), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30),
        ("TiB", 1 << 40),
      ]
    case .count:
      [("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000)]
    }
  }
}

extension ValueSchema {
  /// What is expected, to follow `expected`: `an integer from 1 to 24`.
  package var expectation: String {
    switch self {
    case .integer(let range):
      range.count == 1
        ? "`\(range.lowerBound)`" : "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): range.expectation
    case .boolean: "`true` or `false`"
    case .choice(let choices): listed(choices.map(\.name))
    case .text(.any): "a string"
    case .text(.identifier): "a name"
    case .text(.path): "a path relative to the spec"
    case .quantity(.bytes): "a number of bytes such as `512MiB`"
    case .quantity(.count): "a number such as `40M`"
    case .list(let element, let count):
      count.lowerBound == count.upperBound
        ? "a list of \(count.lowerBound), each \(element.expectation)"
        : "a list, each \(element.expectation)"
    case .numbers: "numbers in nested lists"
    case .dictionary: "a mapping"
    case .mapping(let schema):
      schema.nameChoices.map { listed($0) + ", or a mapping" } ?? "a mapping"
    case .optional(let value): "`none` or \(value.expectation)"
    case .anyOf(let values): values.map(\.expectation).joined(separator: ", or ")
    }
  }

  /// The mapping that a value of this schema can be; nil for others.
  package var mappingSchema: MappingSchema? {
    switch self {
    case .mapping(let schema): schema
    case .optional(let value): value.mappingSchema
    case .anyOf(let values): values.lazy.compactMap(\.mappingSchema).first
    case .integer, .number, .boolean, .choice, .text, .quantity, .list, .numbers, .dictionary: nil
    }
  }
}

extension NumberRange {
  /// What is expected, to follow `expected`.
  package var expectation: String {
    let least = "\(excludesLower ? "above" : "from") \(shortText(lower))"
    let most = "to \(excludesUpper ? "below " : "")\(shortText(upper))"
    let isLimited = upper.magnitude < Double(Float.greatestFiniteMagnitude)
    if lower == -.greatestFiniteMagnitude || lower == -Double(Float.greatestFiniteMagnitude) {
      return "a number"
    }
    return "a number \(least)" + (isLimited ? " \(most)" : "")
  }

  private func shortText(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e9 ? String(Int(value)) : String(value)
  }
}
