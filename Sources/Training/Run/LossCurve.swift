import Documents
import Glibc

/// The losses of a training as a drawing: each step's faint, their running mean strong.
package struct LossCurve: Sendable {
  private let points: [(step: Double, loss: Double, smoothed: Double)]
  private let isLogarithmic: Bool
  private let low: Double
  private let high: Double
  private let lastStep: Double

  private static let (width, height) = (720.0, 400.0)
  private static let (left, right, top, bottom) = (72.0, 700.0, 24.0, 352.0)
  /// The most points that are drawn of a line.
  private static let pointLimit = 600

  /// A drawing of metrics in the order of their steps.
  package init(_ metrics: [TrainingMetrics]) {
    // The mean of neighbours where there are more than can be seen.
    let size = max(1, (metrics.count + Self.pointLimit - 1) / Self.pointLimit)
    points = stride(from: 0, to: metrics.count, by: size).map { start in
      let part = metrics[start..<min(start + size, metrics.count)]
      let count = Double(part.count)
      return (
        part.reduce(0) { $0 + Double($1.step) } / count, part.reduce(0) { $0 + $1.loss } / count,
        part.reduce(0) { $0 + $1.smoothedLoss } / count
      )
    }
    lastStep = max(Double(metrics.last?.step ?? 1), 1)
    let values = points.flatMap { [$0.loss, $0.smoothed] }.filter(\.isFinite)
    let (smallest, largest) = (values.min() ?? 0, values.max() ?? 1)
    isLogarithmic = smallest > 0 && largest > 8 * smallest
    if isLogarithmic {
      (low, high) = (smallest / 1.1, largest * 1.1)
    } else {
      let margin = max((largest - smallest) * 0.05, abs(largest) * 0.01, 1e-12)
      low = smallest >= 0 ? max(0, smallest - margin) : smallest - margin
      high = largest + margin
    }
  }

  /// The drawing as SVG.
  ///
  /// - Parameter title: What stands above it.
  package func svg(title: String) -> String {
    let (width, height) = (Int(Self.width), Int(Self.height))
    var lines = [
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(width) \#(height)" "#
        + #"font-family="sans-serif" font-size="12">"#,
      #"<rect width="\#(width)" height="\#(height)" fill="white"/>"#,
      text(escaped(title), Self.left, 16, anchor: "start"),
    ]
    for tick in lossTicks {
      let y = self.y(tick)
      lines.append(line(Self.left, y, Self.right, y, "#e4e4e4"))
      lines.append(text(number(tick), Self.left - 6, y + 4, anchor: "end"))
    }
    for tick in Self.evenTicks(0, lastStep, 8) {
      let x = self.x(tick)
      lines.append(line(x, Self.bottom, x, Self.bottom + 5, "#555"))
      lines.append(text(number(tick), x, Self.bottom + 18, anchor: "middle"))
    }
    lines.append(line(Self.left, Self.bottom, Self.right, Self.bottom, "#555"))
    lines.append(line(Self.left, Self.top, Self.left, Self.bottom, "#555"))
    lines.append(text("step", Self.right, Self.bottom + 36, anchor: "end"))
    lines.append(
      text(
        isLogarithmic ? "loss (logarithmic)" : "loss", Self.left, Self.bottom + 36,
        anchor: "start"))
    lines.append(curve(\.loss, "#a8c4e8", 1))
    lines.append(curve(\.smoothed, "#1a4f9c", 2))
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private func x(_ step: Double) -> Double {
    Self.left + (Self.right - Self.left) * step / lastStep
  }

  private func y(_ loss: Double) -> Double {
    let share =
      isLogarithmic ? log(loss / low) / log(high / low) : (loss - low) / (high - low)
    return Self.bottom - (Self.bottom - Self.top) * share
  }

  private func curve(
    _ value: KeyPath<(step: Double, loss: Double, smoothed: Double), Double>, _ color: String,
    _ width: Int
  ) -> String {
    let places = points.filter { $0[keyPath: value].isFinite }
      .map { "\(coordinate(x($0.step))),\(coordinate(y($0[keyPath: value])))" }
    return #"<polyline fill="none" stroke="\#(color)" stroke-width="\#(width)" points=""#
      + places.joined(separator: " ") + #""/>"#
  }

  private var lossTicks: [Double] {
    guard isLogarithmic else { return Self.evenTicks(low, high, 9) }
    var ticks: [Double] = []
    for exponent in Int(floor(log10(low)))...Int(ceil(log10(high))) {
      for digit in high / low > 1000 ? [1.0] : [1.0, 2, 5] {
        let tick = digit * pow(10, Double(exponent))
        if tick >= low, tick <= high { ticks.append(tick) }
      }
    }
    return ticks
  }

  /// Round numbers within a range, about as many as wanted.
  private static func evenTicks(_ low: Double, _ high: Double, _ wanted: Double) -> [Double] {
    let rough = (high - low) / wanted
    let power = pow(10, floor(log10(rough)))
    let step = [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    return stride(from: ceil(low / step), through: floor(high / step + 1e-9), by: 1).map {
      $0 * step
    }
  }

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String
  ) -> String {
    #"<line x1="\#(coordinate(x1))" y1="\#(coordinate(y1))" x2="\#(coordinate(x2))" "#
      + #"y2="\#(coordinate(y2))" stroke="\#(color)"/>"#
  }

  private func text(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
    #"<text x="\#(coordinate(x))" y="\#(coordinate(y))" text-anchor="\#(anchor)" fill="black">"#
      + "\(text)</text>"
  }

  private func coordinate(_ value: Double) -> String { number((value * 10).rounded() / 10) }

  /// A number with up to four significant digits.
  private func number(_ value: Double) -> String {
    let digits = value == 0 ? 1 : pow(10, 5 - ceil(log10(abs(value))))
    return JSONValue.number((value * digits).rounded() / digits).text()
  }

  private func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
  }
}
