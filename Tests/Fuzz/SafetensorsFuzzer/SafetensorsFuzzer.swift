import Diagnostics
import FuzzProperties
import Weights

/// Reads any bytes as a safetensors file; libFuzzer calls it with one input after the other.
///
/// What is accepted must have tensors that lie in the file, and must survive being written and
/// read again.
@_cdecl("LLVMFuzzerTestOneInput")
func runSafetensors(bytes: UnsafePointer<UInt8>?, count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: bytes, count: count)
  requireQuick { checkFile(input) }
  return 0
}

private func checkFile(_ input: UnsafeBufferPointer<UInt8>) {
  guard let file = read(input) else { return }
  var byteCount = 0
  for tensor in file.tensors {
    byteCount += tensor.byteCount
    require(file[tensor.name]?.byteCount == tensor.byteCount, "a tensor has another's name")
    require(
      tensor.dimensions.reduce(1, *) == tensor.elementCount, "a shape differs from the bytes")
    // Copies every element, so that a page outside of the file would be touched.
    require(tensor.withFloats { Array($0) }.count == tensor.elementCount, "elements are missing")
  }
  require(byteCount <= input.count, "tensors are larger than their file")
  checkCopy(of: file)
}

/// Writes the tensors and reads them again.
private func checkCopy(of file: SafetensorsFile) {
  let written = SafetensorsWriter.encode(
    file.tensors.map { TensorContent($0) }, metadata: file.metadata)
  guard let copy = written.withUnsafeBufferPointer(read) else {
    fail("a file of our own is refused")
  }
  require(copy.tensors.count == file.tensors.count, "a tensor was lost")
  for tensor in file.tensors {
    guard let twin = copy[tensor.name] else { fail("a name was lost") }
    let isEqual = tensor.withBytes { own in twin.withBytes { own.elementsEqual($0) } }
    require(
      isEqual && twin.dtype == tensor.dtype && twin.dimensions == tensor.dimensions,
      "a tensor changed")
  }
  require(
    copy.metadata.elementsEqual(file.metadata) { $0.key == $1.key && $0.value == $1.value },
    "metadata changed")
  let again = SafetensorsWriter.encode(
    copy.tensors.map { TensorContent($0) }, metadata: copy.metadata)
  require(again == written, "writing twice changes the bytes")
}

/// Opens bytes through a file of their own; nil when they are refused.
private func read(_ bytes: UnsafeBufferPointer<UInt8>) -> SafetensorsFile? {
  let scratch = ScratchFile(bytes)
  do throws(DiagnosticsError) {
    return try SafetensorsFile(path: scratch.path)
  } catch {
    require(
      error.diagnostics.allSatisfy { $0.rule.kind == .input && !$0.message.isEmpty },
      "a malformed file is not reported as one")
    return nil
  }
}
