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
  ///   - isZeroed: False where everything that is read is written first.
  /// - Throws: `RuntimeError` when the system has no such memory.
  init(byteCount: Int, for purpose: String, isZeroed: Bool = true) throws {
    self.byteCount = byteCount
    if byteCount == 0, let nowhere = UnsafeMutableRawPointer(bitPattern: 64) {
      base = nowhere
      return
    }
    guard
      let base = byteCount < Self.mappedByteCount
        ? Self.allocated(byteCount, isZeroed) : Self.mapped(byteCount)
    else {
      throw RuntimeError("there is no memory for the \(byteCount) bytes of \(purpose)")
    }
    self.base = base
  }

  /// Blocks of this size and more are pages of their own: zero, and not touched before their use.
  private static let mappedByteCount = 1 << 18

  private static func allocated(_ byteCount: Int, _ isZeroed: Bool) -> UnsafeMutableRawPointer? {
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, 64, byteCount) == 0 else { return nil }
    if isZeroed, let pointer { memset(pointer, 0, byteCount) }
    return pointer
  }

  private static func mapped(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let pages = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else { return nil }
    // Large pages where the system has them; it may well have none.
    madvise(pages, byteCount, MADV_HUGEPAGE)
    return pages
  }

  deinit {
    if byteCount >= Self.mappedByteCount {
      munmap(base, byteCount)
    } else if byteCount > 0 {
      free(base)
    }
  }
}
