import Glibc

/// Zeroed memory on a 64-byte boundary, freed with its owner.
///
/// Addresses within it are handed to kernels. That is safe because the owner of a program owns its
/// memory, and because `MemoryPlanVerifier` proves that what a kernel writes is read by no other.
final class AlignedMemory: @unchecked Sendable {
  /// The first byte.
  let base: UnsafeMutableRawPointer
  /// The size in bytes; at least 64, so that an empty region has an address.
  let byteCount: Int

  /// Allocates at least the given number of bytes.
  ///
  /// - Throws: `RuntimeError` when the system has no such memory.
  init(byteCount: Int, for purpose: String) throws {
    self.byteCount = max(64, (byteCount + 63) & ~63)
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, 64, self.byteCount) == 0, let pointer else {
      throw RuntimeError("no memory for the \(self.byteCount) bytes of \(purpose)")
    }
    base = pointer
    memset(base, 0, self.byteCount)
  }

  deinit { free(base) }
}
