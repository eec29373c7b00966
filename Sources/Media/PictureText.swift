/// The text that this program leaves in the pictures it writes: what made them.
///
/// A PNG has it in a chunk `iTXt` with the keyword `ditharos`, a WebP in the element
/// `ditharos:recipe` of its XMP. Other formats hold none.
package enum PictureText {
  /// The most bytes of a text, written or read.
  package static let byteLimit = 1 << 16

  /// Tells whether files of a format can hold a text.
  package static func isHeld(by format: OutputFormat) -> Bool {
    switch format {
    case .png, .webp: true
    case .mp4, .gif, .mov: false
    }
  }

  /// The text in a file.
  ///
  /// - Returns: The text; nil where the picture has none.
  /// - Throws: `MediaError` where the file cannot be read, is damaged, or holds a text that this
  ///   program does not write: too long, compressed, not UTF-8, or several.
  package static func read(
    path: String, limits: MediaLimits = MediaLimits()
  ) throws(MediaError) -> String? {
    let bytes = try readBytes(path: path, limit: limits.fileBytes)
    return bytes.starts(with: "RIFF".utf8)
      ? try webPText(path: path, bytes: bytes) : try pngText(path: path, bytes: bytes)
  }
}

/// The keyword of the chunk.
private let keyword = Array("ditharos".utf8)

/// The same PNG file with a text in a chunk after its header.
///
/// - Precondition: The bytes are a PNG file; the text has at most `byteLimit` bytes.
func pngBytes(_ bytes: [UInt8], adding text: String) -> [UInt8] {
  // Neither compressed nor in any language, and without a translated keyword.
  let content = Array("iTXt".utf8) + keyword + [0, 0, 0, 0, 0] + Array(text.utf8)
  precondition(text.utf8.count <= PictureText.byteLimit)
  let chunk = bigEndian(UInt32(content.count - 4)) + content + bigEndian(crc32(content[...]))
  // Signature and header are 33 bytes.
  return bytes[..<33] + chunk + bytes[33...]
}

/// The text in the bytes of a PNG file.
package func pngText(path: String, bytes: [UInt8]) throws(MediaError) -> String? {
  var found: String?
  for chunk in try pngChunks(path: path, bytes: bytes) {
    let isInternational = chunk.type.elementsEqual("iTXt".utf8)
    guard isInternational || chunk.type.elementsEqual("tEXt".utf8) else { continue }
    let body = bytes[chunk.body]
    guard body.starts(with: keyword + [0]) else { continue }
    func refuse(_ message: String) -> MediaError {
      MediaError(path: path, message: "holds a text `ditharos` that \(message)")
    }
    guard body.count <= PictureText.byteLimit + 64 else {
      throw refuse("has \(body.count) bytes; at most \(PictureText.byteLimit) are read")
    }
    let stored = bytes[chunk.body.upperBound..<chunk.body.upperBound + 4]
    guard
      stored.elementsEqual(bigEndian(crc32(bytes[chunk.type.startIndex..<chunk.body.upperBound])))
    else { throw refuse("is damaged: its checksum is wrong") }
    var text = body.dropFirst(keyword.count + 1)
    if isInternational {
      guard text.count >= 2, text.prefix(2).allSatisfy({ $0 == 0 }) else {
        throw refuse("is compressed, which this program does not write")
      }
      text = text.dropFirst(2)
      for _ in 0..<2 {
        guard let end = text.firstIndex(of: 0) else { throw refuse("is cut short") }
        text = text[(end + 1)...]
      }
    } else if !text.allSatisfy({ $0 < 0x80 }) {
      throw refuse("is not ASCII")
    }
    guard let valid = String(validating: text, as: UTF8.self) else { throw refuse("is not UTF-8") }
    guard found == nil else { throw refuse("occurs twice") }
    found = valid
  }
  return found
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

/// The checksum of PNG chunks.
///
/// - Source: PNG specification (ISO/IEC 15948), annex D.
private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  ~bytes.reduce(~UInt32(0)) { crcTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
}

private let crcTable: [UInt32] = (0..<256).map { index in
  (0..<8).reduce(UInt32(index)) { value, _ in
    value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1
  }
}
