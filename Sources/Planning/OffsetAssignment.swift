/// Places buffers in one stretch of memory so that no two alive at once overlap.
///
/// The problem is NP-hard (dynamic storage allocation). Buffers are placed one by one, each in a
/// gap between those already placed that live at the same time; several orders are tried, the
/// smallest result is kept, and where it exceeds the bound the buffers that reach the top are moved
/// ahead in the order and placed again.
struct OffsetAssignment {
  /// A buffer to place.
  struct Request {
    var byteCount: Int
    var range: LiveRange
  }

  /// Where the buffers start, in bytes.
  private(set) var offsets: [Int]
  /// The end of the buffer that reaches furthest.
  private(set) var byteCount: Int

  /// Which of several gaps is taken.
  private enum Fit: CaseIterable {
    case first
    case best
  }

  /// Above this many buffers only orders of time are tried, which cost far less.
  private static let exhaustiveCount = 4000
  private static let repairCount = 64

  /// The smallest assignment found.
  ///
  /// - Parameter bound: No assignment is smaller; the search ends when one is as small.
  init(_ requests: [Request], bound: Int) {
    let byStart = requests.indices.sorted {
      (requests[$0].range.first, -requests[$0].byteCount, $0)
        < (requests[$1].range.first, -requests[$1].byteCount, $1)
    }
    self.init(requests, placing: byStart, fit: .first)
    if byteCount <= bound { return }
    let byBestFit = Self(requests, placing: byStart, fit: .best)
    if byBestFit.byteCount < byteCount { self = byBestFit }
    guard requests.count <= Self.exhaustiveCount, byteCount > bound else { return }
    func lifetime(_ index: Int) -> Int {
      requests[index].range.last - requests[index].range.first + 1
    }
    func order(_ key: (Int) -> (Int, Int)) -> [Int] {
      requests.indices.sorted {
        let (a, b) = (key($0), key($1))
        return (-a.0, -a.1, $0) < (-b.0, -b.1, $1)
      }
    }
    let orders = [
      order { (requests[$0].byteCount, lifetime($0)) },
      order { (requests[$0].byteCount * lifetime($0), lifetime($0)) },
      order { (lifetime($0), requests[$0].byteCount) },
    ]
    var bestOrder = byStart
    for order in orders {
      for fit in Fit.allCases {
        let candidate = Self(requests, placing: order, fit: fit)
        if candidate.byteCount < byteCount {
          self = candidate
          bestOrder = order
        }
        if byteCount <= bound { return }
      }
    }
    repair(requests, order: bestOrder, bound: bound)
  }

  private mutating func repair(_ requests: [Request], order: [Int], bound: Int) {
    var order = order
    var current = self
    for _ in 0..<Self.repairCount where byteCount > bound {
      let top = order.filter {
        current.offsets[$0] + requests[$0].byteCount == current.byteCount
      }
      order = top + order.filter { !top.contains($0) }
      current = Self(requests, placing: order, fit: .first)
      if current.byteCount < byteCount { self = current }
    }
  }

  private init(_ requests: [Request], placing order: [Int], fit: Fit) {
    offsets = [Int](repeating: 0, count: requests.count)
    byteCount = 0
    // Placed buffers by ascending offset. In order of time the dead ones can be forgotten.
    let isByTime = zip(order, order.dropFirst()).allSatisfy {
      requests[$0].range.first <= requests[$1].range.first
    }
    var placed: [Int] = []
    for index in order {
      let request = requests[index]
      if isByTime { placed.removeAll { requests[$0].range.last < request.range.first } }
      var end = 0
      var chosen: (offset: Int, size: Int)?
      for other in placed where requests[other].range.overlaps(request.range) {
        let size = offsets[other] - end
        if size >= request.byteCount, chosen.map({ fit == .best && size < $0.size }) ?? true {
          chosen = (end, size)
          if fit == .first { break }
        }
        end = max(end, offsets[other] + requests[other].byteCount)
      }
      let offset = chosen?.offset ?? end
      offsets[index] = offset
      byteCount = max(byteCount, offset + request.byteCount)
      let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
      placed.insert(index, at: position)
    }
  }
}
