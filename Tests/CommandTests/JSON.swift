import Foundation
import Testing

/// A JSON value as Foundation reads it, for comparison with literals.
enum JSON: Equatable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Parses a text.
  init(_ text: String) throws {
    self = try Self(any: JSONSerialization.jsonObject(with: Data(text.utf8)))
  }

  private init(any value: Any) throws {
    switch value {
    case is NSNull: self = .null
    case let text as String: self = .string(text)
    case let list as [Any]: self = .array(try list.map { try JSON(any: $0) })
    case let entries as [String: Any]: self = .object(try entries.mapValues { try JSON(any: $0) })
    case let flag as Bool where "\(type(of: value))".contains("Bool"): self = .boolean(flag)
    case let number as NSNumber: self = .number(number.doubleValue)
    default: throw CocoaError(.coderInvalidValue)
    }
  }

  /// An entry of an object; null without one.
  subscript(key: String) -> JSON {
    if case .object(let entries) = self { entries[key] ?? .null } else { .null }
  }

  /// An element of an array; null without one.
  subscript(index: Int) -> JSON {
    list.indices.contains(index) ? list[index] : .null
  }

  /// The elements of an array.
  var list: [JSON] { if case .array(let list) = self { list } else { [] } }

  /// The keys of an object, sorted.
  var keys: [String] { if case .object(let entries) = self { entries.keys.sorted() } else { [] } }

  /// A string's text.
  var text: String? { if case .string(let text) = self { text } else { nil } }

  /// A number's value.
  var double: Double? { if case .number(let value) = self { value } else { nil } }

  /// All numbers, in order.
  var numbers: [Double] {
    switch self {
    case .number(let value): [value]
    case .array(let list): list.flatMap(\.numbers)
    case .null, .boolean, .string, .object: []
    }
  }

  /// The rules of the diagnostics.
  var rules: [String] { self["diagnostics"].list.compactMap { $0["rule"].text } }
}

extension JSON: ExpressibleByArrayLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral
{
  init(arrayLiteral elements: JSON...) { self = .array(elements) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(floatLiteral value: Double) { self = .number(value) }
  init(stringLiteral value: String) { self = .string(value) }
}
