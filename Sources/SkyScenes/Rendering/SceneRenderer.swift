import Glibc
import Media

/// Draws scenes as short clips.
package struct SceneRenderer: Sendable {
  /// Pixels of a side.
  package static let side = 48
  /// Frames of a clip.
  package static let frameCount = 12
  /// The speed at which clips are shown.
  package static let framesPerSecond = 8.0

  private let scene: Scene
  private let sky: Sky
  private let drawing: any SubjectDrawing
  /// The phases and places of the dim stars of any night.
  private let dimStars: [Star]

  /// A clip of a scene; what the scene leaves open is taken from the generator.
  package init(_ scene: Scene, _ generator: inout SceneGenerator) {
    self.scene = scene
    sky = Sky(scene.time, &generator)
    let path = Path(scene, &generator)
    drawing = makeDrawing(of: scene, path, sky, &generator)
    dimStars =
      scene.time == .night && scene.subject != .stars
      ? (0..<6).map { Star(dim: $0, of: 6, &generator) } : []
  }

  /// What a caption may say beside the scene.
  package var details: SceneDetails { drawing.details }

  /// The frames, `frameCount` of `side` by `side` pixels in colour.
  package func frames() -> Frames {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.frameCount * Self.side * Self.side * 3)
    for index in 0..<Self.frameCount {
      let time = Float(index) / Float(Self.frameCount - 1)
      var canvas = Canvas(side: Self.side, row: sky.colour(at:))
      for star in dimStars { star.draw(on: &canvas, at: time, shift: 0) }
      drawing.draw(on: &canvas, at: time)
      sky.drawHills(on: &canvas)
      canvas.append(to: &bytes)
    }
    guard
      let frames = Frames(
        count: Self.frameCount, height: Self.side, width: Self.side, channels: 3, pixels: bytes)
    else { preconditionFailure("a clip has the bytes of its frames") }
    return frames
  }
}

/// What a drawing shows beside its scene, for a caption to name.
package struct SceneDetails: Sendable, Hashable {
  /// Whether a moon is a crescent.
  package var isCrescent: Bool

  package init(isCrescent: Bool = false) { self.isCrescent = isCrescent }
}

/// The subject of a clip, ready to be drawn at any time.
protocol SubjectDrawing: Sendable {
  /// Draws the subject.
  ///
  /// - Parameter time: From 0, the first frame, to 1, the last.
  func draw(on canvas: inout Canvas, at time: Float)

  /// What a caption may say about it.
  var details: SceneDetails { get }
}

extension SubjectDrawing {
  var details: SceneDetails { SceneDetails() }
}

/// Where the middle of a subject is.
struct Path: Sendable {
  private var middle: Place
  /// The way from the first frame to the last.
  let way: Place

  /// A path of 10 to 15 pixels through the middle of the sky, or none.
  init(_ scene: Scene, _ generator: inout SceneGenerator) {
    let length = generator.uniform(10..<15)
    way =
      switch scene.motion {
      case .left: Place(x: -length, y: 0)
      case .right: Place(x: length, y: 0)
      case .rising: Place(x: 0, y: -length)
      case .setting: Place(x: 0, y: length)
      case .still: Place(x: 0, y: 0)
      }
    middle = Place(x: generator.uniform(19..<29), y: generator.uniform(17..<22))
    if way.x == 0 { middle.x = generator.uniform(13..<35) }
    // Room for what hangs below it.
    if scene.subject == .balloon { middle.y -= 2 }
    if scene.subject == .sun || scene.subject == .moon, way.y != 0 {
      // Out of the hills, or into them.
      middle.y = generator.uniform(27..<31)
    }
  }

  /// The place at a time from 0 to 1.
  func place(at time: Float) -> Place {
    Place(x: middle.x + (time - 0.5) * way.x, y: middle.y + (time - 0.5) * way.y)
  }
}

/// The sky and the hills below it.
struct Sky: Sendable {
  private let stops: [(height: Float, colour: Paint)]
  private let hills: Paint
  private let waves: [(height: Float, length: Float, phase: Float)]

  init(_ time: Scene.Time, _ generator: inout SceneGenerator) {
    let hue = generator.uniform(0..<1)
    switch time {
    case .day:
      stops = [
        (0, mixed(paint(58, 138, 226), paint(92, 158, 238), hue)),
        (0.85, mixed(paint(170, 214, 250), paint(158, 208, 242), hue)),
      ]
      hills = mixed(paint(86, 150, 84), paint(104, 158, 78), hue)
    case .sunset:
      stops = [
        (0, mixed(paint(62, 50, 112), paint(76, 52, 118), hue)),
        (0.5, mixed(paint(176, 84, 122), paint(188, 92, 116), hue)),
        (0.87, mixed(paint(252, 172, 98), paint(255, 160, 96), hue)),
      ]
      hills = paint(50, 32, 58)
    case .night:
      stops = [
        (0, mixed(paint(8, 10, 34), paint(10, 14, 44), hue)),
        (0.87, mixed(paint(34, 46, 96), paint(38, 42, 88), hue)),
      ]
      hills = paint(9, 13, 24)
    }
    waves = [
      (1.3, 38, generator.uniform(0..<6.28)), (0.7, 17, generator.uniform(0..<6.28)),
    ]
  }

  /// The colour at a height from 0 (top) to 1 (bottom).
  func colour(at height: Float) -> Paint {
    for (upper, lower) in zip(stops, stops.dropFirst()) where height < lower.height {
      return mixed(
        upper.colour, lower.colour, (height - upper.height) / (lower.height - upper.height))
    }
    return stops[stops.count - 1].colour
  }

  /// Draws the hills, which hide what is behind them.
  func drawHills(on canvas: inout Canvas) {
    let side = Float(canvas.side)
    for column in 0..<canvas.side {
      let x = Float(column) + 0.5
      var top = side - 5
      for wave in waves { top -= wave.height * sin(x * 6.2832 / wave.length + wave.phase) }
      for row in Int(top) - 1..<canvas.side {
        let y = Float(row) + 0.5
        let shade = mixed(hills, hills * 0.8, smoothStep(top, side, y))
        canvas.blend(shade, coverage(top - y), column: column, row: row)
      }
    }
  }
}
