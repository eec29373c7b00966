import Glibc

/// Memory on a 64-byte boundary, freed with its owner.
///
/// Addresses within it are handed to kernels. That is safe because the owner of a program owns its
/// memory, and because `MemoryPlanVerifier` proves that what a kernel writes is read by no other.
final class MemoryBlock: @unchecked Sendable {
  /// The first byte; not to be read or written where the block is empty.
  let base: UnsafeMutableRawPointer
  /// The size in bytes.
  let byteCount: Int

  /// The memory of the machine in bytes; the system may promise more than it can give.
  static var machineByteCount: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let pageByteCount = sysconf(Int32(_SC_PAGESIZE))
    return pages > 0 && pageByteCount > 0 ? pages * pageByteCount : Int.max
  }

  /// Allocates the given number of bytes.
  ///
  /// - Parameters:
  ///   - purpose: What an error names.
  ///   - isZeroed: False where everything that is read is written first; large memory is then not
  ///     touched twice.
  /// - Throws: `RuntimeError` when the system has no such memory.
  init(byteCount: Int, for purpose: String, isZeroed: Bool = true) throws {
    self.byteCount = byteCount
    if byteCount == 0, let nowhere = UnsafeMutableRawPointer(bitPattern: 64) {
      base = nowhere
      return
    }
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, 64, byteCount) == 0, let pointer else {
      throw RuntimeError("there is no memory for the \(byteCount) bytes of \(purpose)")
    }
    base = pointer
    if isZeroed { memset(base, 0, byteCount) }
  }

  deinit { if byteCount > 0 { free(base) } }
}
