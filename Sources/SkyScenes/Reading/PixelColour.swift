/// A colour of bytes, or a mean of some.
struct PixelColour {
  var red: Double
  var green: Double
  var blue: Double

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
