/// A mapping of the spec language as data: the checker, the JSON Schema and the reference page
/// are all driven by it.
package struct MappingSchema: Sendable {
  /// The name of the type, as in `timestep`.
  package var name: String
  /// One sentence.
  package var summary: String
  /// The key whose value decides which other keys apply; a value that differs from an inherited
  /// one replaces the inherited mapping as a whole.
  package var discriminator: String?
  /// Whether a scalar stands for a mapping with the discriminator alone.
  package var acceptsName: Bool
  /// The keys, in the order of the reference.
  package var keys: [KeySchema]
  /// Pairs of keys that contradict each other.
  package var exclusive: [ExclusivePair]

  /// A pair of keys of which at most one is written.
  package struct ExclusivePair: Sendable, Hashable {
    /// One key.
    package var first: String
    /// The other.
    package var second: String
  }

  /// A mapping type.
  package init(
    _ name: String, _ summary: String, discriminator: String? = nil, acceptsName: Bool = false,
    exclusive: [(String, String)] = [], keys: [KeySchema]
  ) {
    self.name = name
    self.summary = summary
    self.discriminator = discriminator
    self.acceptsName = acceptsName
    self.keys = keys
    self.exclusive = exclusive.map { ExclusivePair(first: $0, second: $1) }
  }

  /// The key of a name; nil when there is none.
  package func key(named name: String) -> KeySchema? {
    // Comparing strings that are not in normal form is slow; most differ in length.
    keys.first { $0.name.utf8.count == name.utf8.count && $0.name == name }
  }

  /// The names that stand for a mapping; nil when none does.
  package var nameChoices: [String]? {
    guard acceptsName, let discriminator,
      case .choice(let choices)? = key(named: discriminator)?.value
    else { return nil }
    return choices.map(\.name)
  }
}

/// A key of a mapping.
package struct KeySchema: Sendable {
  /// Whether it may be left out.
  package enum Presence: Sendable {
    case required
    /// It may; this value is taken.
    case defaulted(DefaultValue)
    /// It may; this sentence says what is taken.
    case derived(String)
  }

  /// The key.
  package var name: String
  /// What its value may be.
  package var value: ValueSchema
  /// Whether it may be left out.
  package var presence: Presence
  /// One sentence.
  package var summary: String
  /// A value, as it is written.
  package var example: String
  /// The discriminator's values with which it applies; empty for all.
  package var appliesTo: [String]

  /// A key.
  package init(
    _ name: String, _ value: ValueSchema, _ presence: Presence, _ summary: String,
    example: String, appliesTo: [String] = []
  ) {
    self.name = name
    self.value = value
    self.presence = presence
    self.summary = summary
    self.example = example
    self.appliesTo = appliesTo
  }
}

/// The value of a key that is left out.
package enum DefaultValue: Sendable, Hashable {
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case name(String)
  case numbers([Double])
}
