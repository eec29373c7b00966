import CKernels
import Kernels
import Planning
import Tensors

/// Packs the rows of a weight into panels as they arrive.
///
/// A panel holds 32 rows of the weight `[n, k]`. Rows of a panel that several parts share wait in a
/// buffer of one panel.
struct PanelWriter {
  private let k: Int
  private let precision: Precision
  private let region: MemoryBlock
  private let pool: ThreadPool
  private let pending: MemoryBlock
  private var pendingRows = 0
  private var nextPanel = 0

  /// A writer of a weight of rows of `k` elements into memory of its packed size.
  init(_ region: MemoryBlock, k: Int, _ precision: Precision, pool: ThreadPool) throws {
    self.k = k
    self.precision = precision
    self.pool = pool
    self.region = region
    pending = try MemoryBlock(byteCount: StorageLayout.panelWidth * k * 4, for: "packing")
  }

  /// Packs further rows.
  ///
  /// - Throws: `RuntimeError` when the elements are no whole rows.
  mutating func append(_ part: UnsafeBufferPointer<Float>) throws {
    guard part.count % k == 0, let base = part.baseAddress else {
      throw RuntimeError("a part of \(part.count) elements has no whole rows of \(k)")
    }
    let width = StorageLayout.panelWidth
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

  private mutating func pack(_ first: UnsafePointer<Float>, rows: Int) {
    let width = StorageLayout.panelWidth
    let panels = (rows + width - 1) / width
    let target = region.base + nextPanel * StorageLayout.panelByteCount(k: k, precision)
    var task = PackingTask(
      source: first, target: target, rows: rows, k: k, panels: panels, precision: precision)
    pool.run(packPanels, context: &task)
    nextPanel += panels
  }
}

/// Rows to be packed by all threads.
private struct PackingTask {
  var source: UnsafePointer<Float>
  var target: UnsafeMutableRawPointer
  var rows: Int
  var k: Int
  var panels: Int
  var precision: Precision
}

/// Packs one thread's share of the panels.
private let packPanels: dth_pool_body = { context, thread, threadCount in
  guard let task = context?.load(as: PackingTask.self) else { return }
  let first = task.panels * Int(thread) / Int(threadCount)
  let end = task.panels * Int(thread + 1) / Int(threadCount)
  let (rows, k) = (Int64(task.rows), Int64(task.k))
  switch task.precision {
  case .f32:
    dth_pack_weight(
      task.source, rows, k, k, false, Int64(first), Int64(end - first),
      task.target.assumingMemoryBound(to: Float.self))
  case .bf16:
    dth_pack_weight_bf16(
      task.source, rows, k, k, false, Int64(first), Int64(end - first),
      task.target.assumingMemoryBound(to: UInt16.self))
  }
}
