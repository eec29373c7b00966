import CKernels
import Planning

/// Packs the rows of a weight into panels as they arrive.
///
/// A panel holds 32 rows of the weight `[n, k]`. Rows of a panel that several parts share wait in a
/// buffer of one panel.
struct PanelWriter {
  private let n: Int
  private let k: Int
  private let region: AlignedMemory
  private let pending: AlignedMemory
  private var pendingRows = 0
  private var nextPanel = 0

  /// A writer of a weight `[n, k]` into memory of its packed size.
  init(_ region: AlignedMemory, n: Int, k: Int) throws {
    self.n = n
    self.k = k
    self.region = region
    pending = try AlignedMemory(byteCount: StoredWeight.panelWidth * k * 4, for: "packing")
  }

  /// Packs further rows.
  ///
  /// - Throws: `RuntimeError` when the elements are no whole rows.
  mutating func append(_ part: UnsafeBufferPointer<Float>) throws {
    guard part.count % k == 0, let base = part.baseAddress else {
      throw RuntimeError("a part of \(part.count) elements has no whole rows of \(k)")
    }
    let width = StoredWeight.panelWidth
    let rows = part.count / k
    var row = 0
    while row < rows {
      if pendingRows == 0, rows - row >= width {
        let panels = (rows - row) / width
        pack(base + row * k, rows: panels * width)
        row += panels * width
      } else {
        let count = min(width - pendingRows, rows - row)
        let target = pending.base.assumingMemoryBound(to: Float.self) + pendingRows * k
        target.update(from: base + row * k, count: count * k)
        pendingRows += count
        row += count
        if pendingRows == width { flush() }
      }
    }
  }

  /// Packs the last, shorter panel.
  mutating func finish() {
    if pendingRows > 0 { flush() }
  }

  private mutating func flush() {
    pack(pending.base.assumingMemoryBound(to: Float.self), rows: pendingRows)
    pendingRows = 0
  }

  private mutating func pack(_ rowsBase: UnsafePointer<Float>, rows: Int) {
    let width = StoredWeight.panelWidth
    let panels = (rows + width - 1) / width
    let target = region.base.assumingMemoryBound(to: Float.self) + nextPanel * width * k
    dth_pack_weight(rowsBase, Int64(rows), Int64(k), Int64(k), false, 0, Int64(panels), target)
    nextPanel += panels
  }
}
