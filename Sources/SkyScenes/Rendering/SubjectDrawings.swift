import Glibc

/// The drawing of a scene's subject.
func makeDrawing(
  of scene: Scene, _ path: Path, _ sky: Sky, _ generator: inout SceneGenerator
) -> any SubjectDrawing {
  switch scene.subject {
  case .sun: SunDrawing(scene.colour, path, &generator)
  case .moon: MoonDrawing(scene.colour, path, &generator)
  case .stars: StarsDrawing(scene.colour, path, &generator)
  case .clouds: CloudsDrawing(scene, path, &generator)
  case .birds: BirdsDrawing(scene.colour, path, &generator)
  case .balloon: BalloonDrawing(scene.colour, path, &generator)
  }
}

/// A disc with a soft glow.
struct SunDrawing: SubjectDrawing {
  private let colour: Paint
  private let radius: Float
  private let path: Path

  init(_ colour: Scene.Colour, _ path: Path, _ generator: inout SceneGenerator) {
    self.colour =
      switch colour {
      case .red: paint(232, 40, 36)
      case .orange: paint(255, 140, 28)
      default: paint(255, 228, 64)
      }
    self.path = path
    radius = generator.uniform(4.6..<6.2)
  }

  func draw(on canvas: inout Canvas, at time: Float) {
    let centre = path.place(at: time)
    let glow = mixed(colour, paint(255, 240, 200), 0.35)
    canvas.blend(around: centre, reach: radius + 11) { place in
      let edge = max(place.distance(to: centre) - radius, 0)
      return (glow, 0.5 * exp(-edge * edge / 18))
    }
    canvas.blend(around: centre, reach: radius + 1) { place in
      let distance = place.distance(to: centre)
      let shade = mixed(mixed(colour, Paint(1, 1, 1), 0.25), colour, distance / radius)
      return (shade, coverage(distance - radius))
    }
  }
}

/// A full moon with craters, or a crescent, in a faint glow.
struct MoonDrawing: SubjectDrawing {
  private let colour: Paint
  private let radius: Float
  private let path: Path
  private let isCrescent: Bool
  /// Where the dark disc of a crescent stands, in radii.
  private let shadow: Place

  init(_ colour: Scene.Colour, _ path: Path, _ generator: inout SceneGenerator) {
    self.colour =
      switch colour {
      case .orange: paint(250, 142, 48)
      case .yellow: paint(252, 222, 92)
      default: paint(240, 241, 236)
      }
    self.path = path
    radius = generator.uniform(4.6..<6)
    isCrescent = generator.happens(0.5)
    let side: Float = generator.happens(0.5) ? 1 : -1
    shadow = Place(x: 0.62 * side, y: -0.3)
  }

  var details: SceneDetails { SceneDetails(isCrescent: isCrescent) }

  func draw(on canvas: inout Canvas, at time: Float) {
    let centre = path.place(at: time)
    canvas.blend(around: centre, reach: radius + 9) { place in
      let edge = max(place.distance(to: centre) - radius, 0)
      return (colour, (isCrescent ? 0.1 : 0.2) * exp(-edge * edge / 14))
    }
    let dark = Place(x: centre.x + shadow.x * radius, y: centre.y + shadow.y * radius)
    let craters = [(-0.35, -0.25, 0.28), (0.3, 0.3, 0.34), (0.25, -0.45, 0.18)].map {
      (Place(x: centre.x + Float($0.0) * radius, y: centre.y + Float($0.1) * radius), Float($0.2))
    }
    canvas.blend(around: centre, reach: radius + 1) { place in
      var distance = place.distance(to: centre) - radius
      if isCrescent { distance = max(distance, radius * 0.86 - place.distance(to: dark)) }
      var shade = colour
      if !isCrescent {
        for (crater, size) in craters {
          shade *= 1 - 0.13 * coverage(place.distance(to: crater) - size * radius, softness: 1.5)
        }
      }
      return (shade, coverage(distance))
    }
  }
}

/// One star.
struct Star: Sendable {
  let place: Place
  let radius: Float
  let colour: Paint
  let brightness: Float
  let phase: Float
  let speed: Float

  /// One of the small stars in the background of a night, each in a column of its own.
  init(dim index: Int, of count: Int, _ generator: inout SceneGenerator) {
    let column = Float(SceneRenderer.side) / Float(count)
    place = Place(
      x: (Float(index) + generator.uniform(0.1..<0.9)) * column, y: generator.uniform(2..<32))
    radius = 0.55
    colour = paint(215, 220, 245)
    brightness = 0.45
    phase = generator.uniform(0..<6.28)
    speed = generator.uniform(4..<9)
  }

  /// One of the bright stars in a cell of a grid.
  init(
    _ colour: Paint, cell: Place, size: Place, _ generator: inout SceneGenerator
  ) {
    place = Place(
      x: (cell.x + generator.uniform(0.25..<0.75)) * size.x,
      y: (cell.y + generator.uniform(0.25..<0.75)) * size.y)
    radius = generator.uniform(1.2..<1.8)
    self.colour = colour
    brightness = 1
    phase = generator.uniform(0..<6.28)
    speed = generator.uniform(5..<11)
  }

  /// Draws the star with four short rays; it twinkles, and comes back at the other side.
  ///
  /// - Parameter shift: Pixels to the right of its place.
  func draw(on canvas: inout Canvas, at time: Float, shift: Float) {
    let side = Float(canvas.side)
    var centre = place
    centre.x += shift - ((centre.x + shift) / side).rounded(.down) * side
    let light = brightness * (0.8 + 0.2 * sin(phase + speed * time))
    canvas.blend(around: centre, reach: 3 * radius) { pixel in
      let across = abs(pixel.x - centre.x) / radius
      let down = abs(pixel.y - centre.y) / radius
      let core = exp(-(across * across + down * down) * 0.8)
      let rays = exp(-(across * 0.9 + down * 5)) + exp(-(across * 5 + down * 0.9))
      return (colour, light * min(core + 0.5 * rays, 1))
    }
  }
}

/// A sky full of bright stars, which turn to the side together.
struct StarsDrawing: SubjectDrawing {
  private let stars: [Star]
  private let way: Float

  init(_ colour: Scene.Colour, _ path: Path, _ generator: inout SceneGenerator) {
    let colour = colour == .yellow ? paint(255, 226, 60) : paint(248, 250, 255)
    let size = Place(x: Float(SceneRenderer.side) / 4, y: 13)
    var stars: [Star] = []
    for row in 0..<3 {
      for column in 0..<4 where generator.happens(0.9) {
        let cell = Place(x: Float(column), y: Float(row))
        stars.append(Star(colour, cell: cell, size: size, &generator))
      }
    }
    self.stars = stars
    way = path.way.x
  }

  func draw(on canvas: inout Canvas, at time: Float) {
    for star in stars { star.draw(on: &canvas, at: time, shift: (time - 0.5) * way) }
  }
}
