import Glibc

/// Memory aligned to 64 bytes, which its owner frees.
package struct AlignedMemory: ~Copyable {
  /// The alignment in bytes: a line of the cache, and the widest vector.
  package static let alignment = 64

  /// The first byte.
  package let pointer: UnsafeMutableRawPointer
  /// The size in bytes.
  package let byteCount: Int

  /// Memory of at least one byte, set to zero; nil where the system has not that much.
  package init?(byteCount: Int) {
    var pointer: UnsafeMutableRawPointer?
    guard byteCount >= 0, posix_memalign(&pointer, Self.alignment, max(byteCount, 1)) == 0,
      let pointer
    else { return nil }
    memset(pointer, 0, byteCount)
    self.pointer = pointer
    self.byteCount = byteCount
  }

  deinit { free(pointer) }
}
