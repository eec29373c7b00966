import Diagnostics
import FuzzProperties
import Tensors
import Weights

/// Reads any bytes as a compiled model; libFuzzer calls it with one input after the other.
///
/// Every input is read as it is, and with its length and checksum put right, so that what stands
/// behind them is reached. What is accepted must have weights that lie in the file, values for every
/// parameter, and the head that is written for it.
@_cdecl("LLVMFuzzerTestOneInput")
func runCompiledFile(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: bytes, count: count)
  requireQuick {
    _ = read(ScratchFile(input).path)
    if let repaired = repaired(input) { repaired.withUnsafeBufferPointer(checkFile) }
  }
  return 0
}

/// The input with the right length in its header and the right checksum after its index; nil where
/// there is no room for them.
private func repaired(_ input: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
  guard input.count >= 64 else { return nil }
  var bytes = Array(input)
  bytes.replaceSubrange(16..<24, with: littleEndian(UInt64(input.count)))
  let raw = UnsafeRawBufferPointer(input)
  let specCount = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 24, as: UInt32.self)))
  let indexCount = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 28, as: UInt32.self)))
  let end = 64 + specCount + indexCount
  guard end + 8 <= bytes.count else { return nil }
  let checksum = bytes.withUnsafeBytes { xxh64(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
  bytes.replaceSubrange(end..<end + 8, with: littleEndian(checksum))
  return bytes
}

private func littleEndian(_ value: UInt64) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

private func checkFile(_ input: UnsafeBufferPointer<UInt8>) {
  let scratch = ScratchFile(input)
  guard let file = read(scratch.path) else { return }
  var byteCount = 0
  for weight in file.weights {
    guard let bytes = file.bytes(of: weight) else { fail("a weight is missing") }
    require(bytes.count == weight.byteCount, "a weight has another size")
    require(UInt(bitPattern: bytes.baseAddress) % 64 == 0, "a weight is not aligned")
    // Reads every byte, so that a page outside of the file would be touched.
    _ = xxh64(bytes)
    byteCount += bytes.count
  }
  require(byteCount <= input.count, "weights are larger than their file")
  do throws(DiagnosticsError) {
    try file.checkWeights()
  } catch {
    require(error.diagnostics[0].rule.kind == .input, "damage is not reported as such")
  }
  checkValues(of: file)
  checkHead(of: file, input)
}

/// Every parameter can be read.
private func checkValues(of file: CompiledFile) {
  do throws(DiagnosticsError) {
    let source = try ParameterSource.open(file.parameters, weights: file.path)
    for parameter in file.parameters {
      let count = source.withValues(of: parameter.name) { $0.count }
      require(count == Shape(parameter.dimensions).elementCount, "values are missing")
    }
  } catch {
    fail("a file does not fit itself: \(error.diagnostics[0].message)")
  }
}

/// What is read says all that was written.
private func checkHead(of file: CompiledFile, _ input: UnsafeBufferPointer<UInt8>) {
  do throws(DiagnosticsError) {
    let writer = try CompiledFileWriter(
      spec: file.spec, precision: file.precision, parameters: file.parameters,
      weights: file.weights)
    require(writer.byteCount == input.count, "the file is written with another size")
    require(
      input.prefix(writer.head.count).elementsEqual(writer.head), "the head is written otherwise")
  } catch {
    fail("a file of our own is refused: \(error.diagnostics[0].message)")
  }
}

/// Opens a file; nil when it is refused.
private func read(_ path: String) -> CompiledFile? {
  do throws(DiagnosticsError) {
    return try CompiledFile(path: path)
  } catch {
    require(
      error.diagnostics.allSatisfy { $0.rule.kind == .input && !$0.message.isEmpty },
      "a malformed file is not reported as one")
    return nil
  }
}
