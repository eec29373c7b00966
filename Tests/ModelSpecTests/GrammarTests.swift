import Diagnostics
import ModelSpec
import Testing

@Suite struct GrammarTests {
  @Test func everyKeyIsDescribed() {
    for mapping in Grammar.mappings {
      #expect(mapping.summary.hasSuffix("."), "\(mapping.name)")
      #expect(Set(mapping.keys.map(\.name)).count == mapping.keys.count, "\(mapping.name)")
      for key in mapping.keys {
        #expect(key.summary.hasSuffix("."), "\(mapping.name).\(key.name)")
        #expect(key.summary.first?.isUppercase == true, "\(mapping.name).\(key.name)")
      }
    }
  }

  @Test func everyExampleFitsItsKey() {
    for mapping in Grammar.mappings {
      for key in mapping.keys {
        var key = key
        key.appliesTo = []
        let found = Grammar.problems(with: key.example, as: key).map(\.message)
        #expect(found == [], "\(mapping.name).\(key.name)")
      }
    }
  }

  @Test func everyDefaultFitsItsKey() {
    for mapping in Grammar.mappings {
      for key in mapping.keys {
        guard case .defaulted(let value) = key.presence else { continue }
        var plain = key
        plain.appliesTo = []
        #expect(
          Grammar.problems(with: value.text, as: plain).isEmpty, "\(mapping.name).\(key.name)")
      }
    }
  }

  @Test func kindsAreChoicesOfTheDiscriminator() {
    for mapping in Grammar.mappings {
      var choices: [String] = []
      if let name = mapping.discriminator, case .choice(let all)? = mapping.key(named: name)?.value
      {
        choices = all.map(\.name)
      }
      for key in mapping.keys {
        #expect(key.appliesTo.allSatisfy(choices.contains), "\(mapping.name).\(key.name)")
      }
      for pair in mapping.exclusive {
        #expect(mapping.key(named: pair.first) != nil && mapping.key(named: pair.second) != nil)
      }
    }
  }
}

extension DefaultValue {
  /// The value as it is written.
  fileprivate var text: String {
    switch self {
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .boolean(let value): String(value)
    case .name(let name): name
    case .numbers(let values): "\(values)"
    }
  }
}
