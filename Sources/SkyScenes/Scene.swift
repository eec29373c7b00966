/// What a clip shows: the ground truth that the renderer draws, the caption says and the score asks
/// for.
package struct Scene: Sendable, Hashable {
  /// The time of day, which the sky shows.
  package enum Time: String, CaseIterable, Sendable {
    case day
    case sunset
    case night
  }

  /// What is in the sky.
  package enum Subject: String, CaseIterable, Sendable {
    case sun
    case moon
    case stars
    case clouds
    case birds
    case balloon
  }

  /// The colour of the subject.
  package enum Colour: String, CaseIterable, Sendable {
    case red
    case orange
    case yellow
    case green
    case blue
    case pink
    case white
    case grey
    case black
  }

  /// Where the subject goes.
  package enum Motion: String, CaseIterable, Sendable {
    case left
    case right
    case rising
    case setting
    case still
  }

  package var time: Time
  package var subject: Subject
  package var colour: Colour
  package var motion: Motion

  package init(_ time: Time, _ subject: Subject, _ colour: Colour, _ motion: Motion) {
    self.time = time
    self.subject = subject
    self.colour = colour
    self.motion = motion
  }

  /// Every combination that a sky can show, in a fixed order.
  package static let all: [Scene] = Subject.allCases.flatMap { subject in
    Time.allCases.flatMap { time in
      subject.colours(at: time).flatMap { colour in
        subject.motions.map { Scene(time, subject, colour, $0) }
      }
    }
  }

  /// The combinations of a split.
  package static func all(of split: Split) -> [Scene] {
    all.filter { $0.isHeldOut == (split == .heldOut) }
  }

  /// The blue sky with drifting clouds, which "sora is sky" asks for.
  package static let plainSky = Scene(.day, .clouds, .white, .right)
}

extension Scene.Subject {
  /// The colours that the subject has at a time; none where it is not seen then.
  package func colours(at time: Scene.Time) -> [Scene.Colour] {
    switch (self, time) {
    case (.sun, .day): [.yellow, .orange]
    case (.sun, .sunset): [.yellow, .orange, .red]
    case (.sun, .night): []
    case (.moon, .night): [.white, .yellow, .orange]
    case (.moon, _): []
    case (.stars, .night): [.white, .yellow]
    case (.stars, _): []
    case (.clouds, _): [.white, .grey, .pink]
    case (.birds, .night): [.white]
    case (.birds, _): [.black, .white]
    case (.balloon, _): [.red, .yellow, .green, .blue, .white, .orange]
    }
  }

  /// The ways that the subject moves.
  package var motions: [Scene.Motion] {
    switch self {
    case .sun, .moon: [.rising, .setting, .still]
    case .stars, .clouds: [.left, .right, .still]
    case .birds: [.left, .right, .rising]
    case .balloon: [.left, .right, .rising, .setting, .still]
    }
  }
}

/// Which scenes are for training, and which are kept for the score alone.
package enum Split: String, CaseIterable, Sendable {
  case train
  case heldOut = "held-out"
}

extension Scene {
  /// Whether the combination is kept out of training.
  ///
  /// Of time, colour and motion any two stand together in some training scene of the same subject,
  /// so a model has seen every part of what a held-out caption asks for, and never the whole. Moon
  /// and stars have one time alone: of these, colour and motion are seen apart.
  package var isHeldOut: Bool { Self.heldOut.contains(self) }

  private static let heldOut: Set<Scene> = Set(
    heldOutBalloons + [
      Scene(.day, .sun, .orange, .setting),
      Scene(.sunset, .sun, .yellow, .rising),
      Scene(.night, .moon, .yellow, .rising),
      Scene(.night, .moon, .orange, .setting),
      Scene(.night, .stars, .yellow, .left),
      Scene(.sunset, .clouds, .white, .left),
      Scene(.night, .clouds, .grey, .right),
      Scene(.day, .clouds, .pink, .still),
      Scene(.sunset, .birds, .black, .left),
      Scene(.day, .birds, .white, .right),
    ])

  /// Nine balloons, no two of which share two of colour, time and motion.
  private static var heldOutBalloons: [Scene] {
    let subject = Subject.balloon
    return Time.allCases.enumerated().flatMap { timeIndex, time in
      subject.colours(at: time).enumerated().compactMap { colourIndex, colour in
        guard (colourIndex + timeIndex).isMultiple(of: 2) else { return nil }
        let motion = subject.motions[(colourIndex + 2 * timeIndex) % subject.motions.count]
        return Scene(time, subject, colour, motion)
      }
    }
  }
}
