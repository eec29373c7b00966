import Glibc

/// Two clouds of several round parts each.
struct CloudsDrawing: SubjectDrawing {
  private struct Cloud: Sendable {
    /// The middle of the base at the middle of the clip.
    var base: Place
    /// Round parts, about the base.
    var parts: [(place: Place, radius: Float)]
    var reach: Float
  }

  private let clouds: [Cloud]
  private let light: Paint
  private let dark: Paint
  private let way: Float

  init(_ scene: Scene, _ path: Path, _ generator: inout SceneGenerator) {
    way = path.way.x
    switch scene.colour {
    case .grey:
      light = scene.time == .night ? paint(128, 131, 142) : paint(150, 152, 158)
      dark = scene.time == .night ? paint(92, 95, 106) : paint(112, 114, 122)
    case .pink:
      light = paint(255, 178, 204)
      dark = paint(236, 138, 174)
    default:
      light = paint(255, 255, 255)
      dark = scene.time == .night ? paint(196, 202, 222) : paint(222, 228, 240)
    }
    // The large one on either side, the small one lower or higher on the other.
    let isLeft = generator.happens(0.5)
    let isAbove = generator.happens(0.5)
    let near = generator.uniform(15..<19)
    let far = generator.uniform(33..<38)
    clouds = [
      Self.cloud(
        at: Place(x: isLeft ? near : 48 - near, y: isAbove ? 18 : 31), size: 1,
        &generator),
      Self.cloud(
        at: Place(x: isLeft ? far : 48 - far, y: isAbove ? 32 : 15), size: 0.68, &generator),
    ]
  }

  private static func cloud(
    at base: Place, size: Float, _ generator: inout SceneGenerator
  ) -> Cloud {
    var parts: [(place: Place, radius: Float)] = []
    for (x, y, radius) in [
      (-7.5, -1.6, 3.0), (-3.6, -3.8, 4.4), (1.4, -5.4, 5.2), (5.4, -3, 3.8), (8.6, -1.4, 2.6),
    ] as [(Float, Float, Float)] {
      parts.append(
        (
          Place(
            x: (x + generator.uniform(-0.8..<0.8)) * size,
            y: (y + generator.uniform(-0.6..<0.6)) * size),
          radius * size * generator.uniform(0.9..<1.15)
        ))
    }
    let jitter = Place(x: generator.uniform(-1.5..<1.5), y: generator.uniform(-2..<2))
    return Cloud(
      base: Place(x: base.x + jitter.x, y: base.y + jitter.y), parts: parts, reach: 16 * size)
  }

  func draw(on canvas: inout Canvas, at time: Float) {
    for cloud in clouds {
      let base = Place(x: cloud.base.x + (time - 0.5) * way, y: cloud.base.y)
      canvas.blend(around: base, reach: cloud.reach) { pixel in
        let local = Place(x: pixel.x - base.x, y: pixel.y - base.y)
        var distance = Float.infinity
        var bump: Float = 0
        for part in cloud.parts {
          let edge = local.distance(to: part.place) - part.radius
          distance = min(distance, edge)
          // Lit from above: the lower side of each part is in shade.
          if edge < 0.5 {
            bump = max(bump, smoothStep(0.6, -0.9, (local.y - part.place.y) / part.radius))
          }
        }
        distance = max(distance, local.y - 0.4)
        return (mixed(dark, light, bump), 0.97 * coverage(distance, softness: 2.2))
      }
    }
  }
}

/// A few birds that fly together and beat their wings.
struct BirdsDrawing: SubjectDrawing {
  private let colour: Paint
  private let path: Path
  private let birds: [(offset: Place, span: Float, phase: Float)]
  private let beats: Float

  init(_ colour: Scene.Colour, _ path: Path, _ generator: inout SceneGenerator) {
    self.colour = colour == .black ? paint(18, 18, 26) : paint(252, 252, 255)
    self.path = path
    beats = generator.uniform(1.2..<1.6)
    let lead: Float = path.way.x < 0 ? -1 : 1
    var birds: [(offset: Place, span: Float, phase: Float)] = []
    let isFlock = generator.happens(0.6)
    let offsets: [(Float, Float)] =
      isFlock ? [(6.5, 0), (-4.5, -7.5), (-5.5, 8)] : [(5.5, -3.5), (-6.5, 5)]
    for (x, y) in offsets {
      birds.append(
        (
          Place(
            x: lead * x + generator.uniform(-1..<1), y: y + generator.uniform(-1..<1)),
          generator.uniform(4.2..<5), generator.uniform(0..<6.28)
        ))
    }
    self.birds = birds
  }

  func draw(on canvas: inout Canvas, at time: Float) {
    let centre = path.place(at: time)
    for bird in birds {
      let body = Place(x: centre.x + bird.offset.x, y: centre.y + bird.offset.y)
      let lift = sin(bird.phase + beats * 6.2832 * time)
      canvas.blend(around: body, reach: bird.span + 3) { pixel in
        // Both wings at once: the pixel as if on the right.
        let mirrored = Place(x: abs(pixel.x - body.x), y: pixel.y - body.y)
        let elbow = Place(x: 0.48 * bird.span, y: -1.5 - 1.1 * lift)
        let tip = Place(x: bird.span, y: -0.2 - 2.6 * lift)
        let wing = min(
          mirrored.distance(toSegment: Place(x: 0, y: 0), elbow) - 0.95,
          mirrored.distance(toSegment: elbow, tip) - 0.75)
        let trunk = mirrored.distance(to: Place(x: 0, y: 0.2)) - 1.35
        return (colour, coverage(min(wing, trunk), softness: 1.1))
      }
    }
  }
}

/// A hot-air balloon with a basket.
struct BalloonDrawing: SubjectDrawing {
  private let colour: Paint
  private let radius: Float
  private let path: Path
  private let phase: Float

  init(_ colour: Scene.Colour, _ path: Path, _ generator: inout SceneGenerator) {
    self.colour =
      switch colour {
      case .red: paint(222, 32, 38)
      case .orange: paint(255, 136, 16)
      case .yellow: paint(255, 222, 40)
      case .green: paint(38, 168, 66)
      case .blue: paint(30, 62, 214)
      default: paint(250, 250, 250)
      }
    self.path = path
    radius = generator.uniform(5..<6.4)
    phase = generator.uniform(0..<6.28)
  }

  func draw(on canvas: inout Canvas, at time: Float) {
    var centre = path.place(at: time)
    // It sways a little.
    centre.x += 0.4 * sin(phase + 6.2832 * time)
    let mouth = Place(x: centre.x, y: centre.y + 1.55 * radius)
    let basket = Place(x: centre.x, y: centre.y + 2 * radius)
    canvas.blend(around: centre, reach: 2.6 * radius) { pixel in
      let across = abs(pixel.x - basket.x) - 0.36 * radius
      let down = abs(pixel.y - basket.y) - 0.27 * radius
      // Two ropes, from the mouth to the corners of the basket.
      let corner = Place(x: basket.x + (pixel.x < basket.x ? -0.3 : 0.3) * radius, y: basket.y)
      let start = Place(x: mouth.x + (pixel.x < mouth.x ? -0.3 : 0.3) * radius, y: mouth.y - 1)
      let rope = 0.7 * coverage(pixel.distance(toSegment: start, corner) - 0.35)
      return (paint(156, 96, 36), max(coverage(max(across, down)), rope))
    }
    canvas.blend(around: centre, reach: 1.8 * radius) { pixel in
      let local = Place(x: (pixel.x - centre.x) / radius, y: (pixel.y - centre.y) / radius)
      // Round above, and narrowing to the mouth below.
      let fall = max(local.y, 0)
      let width =
        (1 - 0.62 * smoothStep(0, 1.65, fall)) * max(1 - fall * fall / 2.25, 0).squareRoot()
      let distance =
        local.y > 0
        ? max(abs(local.x) - width, local.y - 1.42) * radius
        : pixel.distance(to: centre) - radius
      // Seams that follow the round of the cloth, light from the upper left.
      let round = local.y > 0 ? width : max(1 - local.y * local.y, 0.01).squareRoot()
      let gores = 0.5 + 0.5 * cos(local.x / max(round, 0.1) * 9.4)
      let light = 1 - 0.16 * gores - 0.2 * smoothStep(-0.2, 1.1, local.x + 0.4 * local.y)
      let glint = local.distance(to: Place(x: -0.35, y: -0.4))
      let highlight = 0.25 * exp(-6 * glint * glint)
      return (mixed(colour * light, Paint(1, 1, 1), highlight), coverage(distance))
    }
  }
}
