import Tensors

/// The text form of a graph, with the literals that are too long for it.
///
/// The grammar is in the article GraphText.md.
package struct GraphText: Sendable, Hashable {
  /// The most elements of a literal that the text itself holds.
  package static let maximumInlineCount = 64

  /// The text, `\n` after every line.
  package var text: String
  /// The literals of more than `maximumInlineCount` elements, by the digest in the text.
  package var literals: [UInt64: Tensor]

  /// A text and its literals.
  package init(text: String, literals: [UInt64: Tensor] = [:]) {
    self.text = text
    self.literals = literals
  }
}

/// A place in the text of a graph that cannot be read.
package struct GraphTextError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The line, from 1.
  package var line: Int
  /// The column, in Unicode scalars from 1.
  package var column: Int
  /// What is wrong there.
  package var message: String

  /// An error at a place.
  package init(line: Int, column: Int, message: String) {
    self.line = line
    self.column = column
    self.message = message
  }

  /// As in `3:14: expected a type`.
  package var description: String { "\(line):\(column): \(message)" }
}

/// The value of an attribute in text.
enum AttributeValue: Equatable {
  /// A number in decimal digits.
  case number(String)
  /// A name, as in `relu`.
  case word(String)
  /// Values in brackets.
  case list([AttributeValue])
  /// A step of a chain: a function and what it reads.
  case call(String, [AttributeValue])
  /// An operand of the node, `$0`.
  case operand(Int)
  /// The result of a step, `#0`.
  case step(Int)

  /// The text of the value.
  var text: String {
    switch self {
    case .number(let text), .word(let text): text
    case .list(let values): "[\(values.map(\.text).joined(separator: ", "))]"
    case .call(let name, let values): "\(name)(\(values.map(\.text).joined(separator: ", ")))"
    case .operand(let index): "$\(index)"
    case .step(let index): "#\(index)"
    }
  }

  /// A list of integers.
  static func integers(_ values: [Int]) -> AttributeValue {
    .list(values.map { .number(String($0)) })
  }

  /// A number in the fewest digits that read back as itself.
  static func number(_ value: Double) -> AttributeValue { .number(value.shortestText) }

  /// An integer.
  static func number(_ value: Int) -> AttributeValue { .number(String(value)) }
}

extension BinaryFloatingPoint where Self: CustomStringConvertible {
  /// The fewest decimal digits that read back as the same value, without a trailing `.0`.
  var shortestText: String {
    if isNaN { return "nan" }
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension Tensor {
  /// 64-bit FNV-1a over the type's text and the elements' bits, lowest byte first.
  ///
  /// - Source: Eastlake et al., The FNV Non-Cryptographic Hash Algorithm
  ///   (draft-eastlake-fnv), section 2.
  var digest: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func combine(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    for byte in type.description.utf8 { combine(byte) }
    for value in values {
      let bits = value.bitPattern
      for shift in stride(from: 0, to: 32, by: 8) {
        combine(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
      }
    }
    return hash
  }

  /// Whether another tensor has the same type and the same bits.
  func isIdentical(to other: Tensor) -> Bool {
    type == other.type
      && values.elementsEqual(other.values) { $0.bitPattern == $1.bitPattern }
  }
}
