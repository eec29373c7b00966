/// Captions of scenes, in varied words of a closed vocabulary.
///
/// Every caption determines its scene: what it leaves out is what stands below as the usual.
package enum SceneCaption {
  /// A caption of at most 14 lower-case words.
  package static func text(
    of scene: Scene, _ details: SceneDetails, _ generator: inout SceneGenerator
  ) -> String {
    if scene == .plainSky, generator.happens(0.5) { return generator.pick(plainSky) }
    let subject = generator.pick(subjectPhrases(scene, details))
    let isPlural = subject.isPlural
    let place = generator.pick(placePhrases(scene))
    let motion = generator.pick(motionPhrases(scene, isPlural: isPlural))
    // What moves and where come in either order; a phrase that is left out leaves no gap.
    let parts =
      place.canLead && generator.happens(0.25)
      ? [place.text + ",", subject.text, motion] : [subject.text, motion, place.text]
    let filled = parts.filter { !$0.isEmpty && $0 != "," }
    return filled.dropFirst().reduce(filled[0]) { $0 + ($1.hasPrefix(",") ? "" : " ") + $1 }
  }

  /// The captions of the plain sky alone.
  package static let plainSky = [
    "sora is sky", "the sky", "sora", "a blue sky", "the blue sky", "sky", "sora is the blue sky",
    "sora is a blue sky with white clouds", "the sky by day",
  ]

  private struct Subject {
    let text: String
    let isPlural: Bool
  }

  /// The colour that a subject has where the caption names none.
  static func usualColour(_ subject: Scene.Subject, at time: Scene.Time) -> Scene.Colour? {
    switch (subject, time) {
    case (.sun, .day): .yellow
    case (.sun, _): .orange
    case (.moon, _), (.stars, _): .white
    case (.clouds, .day): .white
    case (.clouds, .sunset): .pink
    case (.clouds, .night): .grey
    case (.birds, .night): .white
    case (.birds, _): .black
    case (.balloon, _): nil
    }
  }

  private static func subjectPhrases(_ scene: Scene, _ details: SceneDetails) -> [Subject] {
    let colour = scene.colour.rawValue
    let article = scene.colour == .orange ? "an" : "a"
    let isUsual = usualColour(scene.subject, at: scene.time) == scene.colour
    func one(_ texts: [String]) -> [Subject] { texts.map { Subject(text: $0, isPlural: false) } }
    func many(_ texts: [String]) -> [Subject] { texts.map { Subject(text: $0, isPlural: true) } }
    switch scene.subject {
    case .sun:
      return one(["the \(colour) sun", "\(article) \(colour) sun"] + (isUsual ? ["the sun"] : []))
    case .moon:
      let shape = details.isCrescent ? "crescent" : "full"
      return one(
        ["the \(colour) moon", "\(article) \(colour) moon", "\(article) \(colour) \(shape) moon"]
          + (isUsual ? ["the moon", "a \(shape) moon"] : []))
    case .stars:
      return many(
        ["\(colour) stars", "bright \(colour) stars", "many \(colour) stars"]
          + (isUsual ? ["stars", "the stars", "many stars"] : []))
    case .clouds:
      return many(
        ["\(colour) clouds", "soft \(colour) clouds", "two \(colour) clouds"]
          + (isUsual ? ["clouds", "the clouds"] : []))
    case .birds:
      return many(["\(colour) birds", "some \(colour) birds"] + (isUsual ? ["birds"] : []))
        + one(["a flock of \(colour) birds"] + (isUsual ? ["a flock of birds"] : []))
    case .balloon:
      return one(["\(article) \(colour) balloon", "the \(colour) balloon", "one \(colour) balloon"])
    }
  }

  private static func motionPhrases(_ scene: Scene, isPlural: Bool) -> [String] {
    /// A verb in the form of the subject, its stem's and its participle's form.
    func verb(_ stem: String, _ singular: String, _ participle: String) -> [String] {
      [isPlural ? stem : singular, participle]
    }
    let moves = verb("move", "moves", "moving")
    let floats = verb("float", "floats", "floating")
    let drifts = verb("drift", "drifts", "drifting")
    let flies = verb("fly", "flies", "flying")
    let rises = verb("rise", "rises", "rising")
    let stays = verb("stay", "stays", "staying").map { "\($0) still" }
    let hangs = verb("hang", "hangs", "hanging").map { "\($0) still" }
    func each(_ verbs: [String], _ ways: [String]) -> [String] {
      verbs.flatMap { verb in ways.map { "\(verb) \($0)" } }
    }
    switch scene.motion {
    case .left, .right:
      let ways = [scene.motion.rawValue, "to the \(scene.motion.rawValue)"]
      switch scene.subject {
      case .birds: return each(flies, ways) + each(flies, [ways[0]]) + each(moves, ways)
      case .stars: return each(moves, ways) + each(drifts, ways)
      default: return each(drifts, ways) + each(floats, ways) + each(moves, ways)
      }
    case .rising:
      switch scene.subject {
      case .birds: return each(flies, ["up"]) + rises
      case .balloon: return rises + rises + each(floats, ["up"]) + each(moves, ["up"])
      default: return rises + rises + verb("come up", "comes up", "coming up")
      }
    case .setting:
      switch scene.subject {
      case .balloon:
        return verb("sink", "sinks", "sinking") + each(floats, ["down"]) + each(moves, ["down"])
          + verb("come down", "comes down", "coming down")
      default:
        return verb("set", "sets", "setting") + verb("go down", "goes down", "going down")
      }
    case .still:
      switch scene.subject {
      case .stars:
        return verb("twinkle", "twinkles", "twinkling") + verb("shine", "shines", "shining")
      case .sun, .moon: return verb("shine", "shines", "shining") + stays + hangs + [""]
      default: return stays + hangs + ["still"]
      }
    }
  }

  /// Where or when: a phrase, and whether it may begin a caption.
  private static func placePhrases(_ scene: Scene) -> [(text: String, canLead: Bool)] {
    var phrases: [(text: String, canLead: Bool)] =
      switch scene.time {
      case .day:
        [
          ("by day", true), ("in the blue sky", true), ("in a blue sky", true),
          ("in the day", true),
          ("on a bright day", true),
        ]
      case .sunset:
        [
          ("at sunset", true), ("at sunset", true), ("in the evening", true), ("at dusk", true),
          ("in the sunset sky", true),
        ]
      case .night:
        [
          ("at night", true), ("at night", true), ("in the night sky", true),
          ("in the dark sky", true), ("in the night", true),
        ]
      }
    switch scene.subject {
    case .clouds, .birds:
      if scene.time == .day {
        phrases += [("over a blue sky", false), ("over the blue sky", false)]
      }
      if scene.time == .night { phrases.append(("over a dark sky", false)) }
    case .moon: phrases += [(", stars above", false), ("", false), ("over the hills", false)]
    case .stars: phrases += [("", false), ("over the hills", false)]
    case .sun, .balloon: break
    }
    return phrases
  }
}

extension SceneCaption {
  /// The words of all captions, in alphabetical order.
  package static let vocabulary: [String] = [
    "a", "above", "an", "at", "balloon", "birds", "black", "blue", "bright", "by", "clouds",
    "comes", "coming", "crescent", "dark", "day", "down", "drift", "drifting", "drifts", "dusk",
    "evening", "flies", "float", "floating", "floats", "flock", "fly", "flying", "full", "goes",
    "going", "green", "grey", "hang", "hanging", "hangs", "hills", "in", "is", "left", "many",
    "moon", "move", "moves", "moving", "night", "of", "on", "one", "orange", "over", "pink", "red",
    "right", "rise", "rises", "rising", "sets", "setting", "shine", "shines", "shining", "sinking",
    "sinks", "sky", "soft", "some", "sora", "stars", "stay", "staying", "stays", "still", "sun",
    "sunset", "the", "to", "twinkle", "twinkling", "two", "up", "white", "with", "yellow",
  ]
}
