import CWebP

private let opening = "<ditharos:recipe>"
private let closing = "</ditharos:recipe>"

/// The same WebP file with a text in its XMP.
///
/// - Precondition: The text has at most `byteLimit` bytes.
/// - Throws: `MediaError` where memory runs out.
func webPBytes(
  path: String, _ bytes: [UInt8], adding text: String
) throws(MediaError) -> [UInt8] {
  let packet = """
    <x:xmpmeta xmlns:x="adobe:ns:meta/">\
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
    <rdf:Description rdf:about="" xmlns:ditharos="urn:ditharos:run">\
    \(opening)\(escaped(text))\(closing)</rdf:Description></rdf:RDF></x:xmpmeta>
    """
  let failure = MediaError(path: path, message: "cannot be encoded as WebP: out of memory")
  let result: [UInt8]? = bytes.withUnsafeBufferPointer { file in
    Array(packet.utf8).withUnsafeBufferPointer { xmp in
      var data = WebPData(bytes: file.baseAddress, size: file.count)
      var chunk = WebPData(bytes: xmp.baseAddress, size: xmp.count)
      guard let container = WebPMuxCreate(&data, 0) else { return nil }
      defer { WebPMuxDelete(container) }
      var assembled = WebPData()
      guard WebPMuxSetChunk(container, "XMP ", &chunk, 0) == WEBP_MUX_OK,
        WebPMuxAssemble(container, &assembled) == WEBP_MUX_OK
      else { return nil }
      defer { WebPDataClear(&assembled) }
      return Array(UnsafeBufferPointer(start: assembled.bytes, count: assembled.size))
    }
  }
  guard let result else { throw failure }
  return result
}

/// The text in the bytes of a WebP file.
package func webPText(path: String, bytes: [UInt8]) throws(MediaError) -> String? {
  let corrupt = MediaError(path: path, message: "is a truncated or corrupt WebP picture")
  // Escaping makes a byte up to six.
  let limit = 6 * PictureText.byteLimit + 1024
  var xmp: [UInt8]?
  var isWhole = false
  bytes.withUnsafeBufferPointer { buffer in
    var data = WebPData(bytes: buffer.baseAddress, size: buffer.count)
    guard let container = WebPDemux(&data) else { return }
    defer { WebPDemuxDelete(container) }
    isWhole = true
    var chunk = WebPChunkIterator()
    guard WebPDemuxGetChunk(container, "XMP ", 1, &chunk) != 0 else { return }
    defer { WebPDemuxReleaseChunkIterator(&chunk) }
    xmp = Array(
      UnsafeBufferPointer(start: chunk.chunk.bytes, count: min(chunk.chunk.size, limit + 1)))
  }
  guard isWhole else { throw corrupt }
  guard let xmp else { return nil }
  func refuse(_ message: String) -> MediaError {
    MediaError(path: path, message: "holds XMP that \(message)")
  }
  guard xmp.count <= limit else { throw refuse("has over \(limit) bytes") }
  guard let packet = String(validating: xmp, as: UTF8.self) else { throw refuse("is not UTF-8") }
  guard let start = packet.firstRange(of: opening) else { return nil }
  let rest = packet[start.upperBound...]
  guard let end = rest.firstRange(of: closing), rest.firstRange(of: opening) == nil,
    let text = unescaped(rest[..<end.lowerBound]), text.utf8.count <= PictureText.byteLimit
  else { throw refuse("this program does not write") }
  return text
}

private let entities: [(character: Character, name: String)] = [
  ("&", "amp"), ("<", "lt"), (">", "gt"), ("\"", "quot"), ("'", "apos"),
]

private func escaped(_ text: String) -> String {
  text.map { character in
    entities.first { $0.character == character }.map { "&\($0.name);" } ?? String(character)
  }.joined()
}

/// The text without its entities; nil for an entity that is not one of the five of XML.
private func unescaped(_ text: Substring) -> String? {
  var result = ""
  var rest = text
  while let start = rest.firstIndex(of: "&") {
    result += rest[..<start]
    guard let end = rest[start...].firstIndex(of: ";"),
      let entity = entities.first(where: { $0.name == rest[rest.index(after: start)..<end] })
    else { return nil }
    result.append(entity.character)
    rest = rest[rest.index(after: end)...]
  }
  return result + rest
}
