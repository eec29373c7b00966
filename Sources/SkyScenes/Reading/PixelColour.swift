/// A colour of bytes, or a mean of some.
struct PixelColour {
  var red: Double
  var green: Double
  var blue: Double

  init(red: Double, green: Double, blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// The mean of some colours; nil of none.
  init?(meanOf colours: some Collection<PixelColour>) {
    guard !colours.isEmpty else { return nil }
    let count = Double(colours.count)
    red = colours.reduce(0) { $0 + $1.red } / count
    green = colours.reduce(0) { $0 + $1.green } / count
    blue = colours.reduce(0) { $0 + $1.blue } / count
  }

  /// The colour that, mixed with a background, gives this one: as far from it as colours go, but at
  /// most three times as far.
  func unmixed(from background: PixelColour) -> PixelColour {
    var factor = 3.0
    for (value, origin) in [
      (red, background.red), (green, background.green), (blue, background.blue),
    ] where value != origin {
      factor = min(factor, ((value > origin ? 255 : 0) - origin) / (value - origin))
    }
    factor = max(factor, 1)
    return PixelColour(
      red: background.red + factor * (red - background.red),
      green: background.green + factor * (green - background.green),
      blue: background.blue + factor * (blue - background.blue))
  }

  /// The largest difference of a channel.
  func difference(from other: PixelColour) -> Double {
    max(abs(red - other.red), abs(green - other.green), abs(blue - other.blue))
  }

  /// What a person calls the colour: by lightness where it has little hue, else by hue.
  var name: Scene.Colour {
    let light = max(red, green, blue)
    let span = light - min(red, green, blue)
    if light < 80 { return .black }
    if span / light < 0.2 { return light > 178 ? .white : .grey }
    var hue =
      if light == red {
        60 * (green - blue) / span
      } else if light == green {
        120 + 60 * (blue - red) / span
      } else {
        240 + 60 * (red - green) / span
      }
    if hue < 0 { hue += 360 }
    switch hue {
    case ..<16, 285...: return span / light < 0.6 && light > 178 ? .pink : .red
    case ..<41: return .orange
    case ..<70: return .yellow
    case ..<170: return .green
    default: return .blue
    }
  }
}
