import Documents

/// How often clips show what was asked for.
package struct SceneScore: Sendable {
  /// A question with what was seen of the answer.
  package struct Answer: Sendable, Hashable {
    package let question: SceneQuestion
    package let reading: SceneReading

    /// In which categories they agree.
    package var agreement: SceneAgreement { question.scene.agreement(with: reading) }

    package init(question: SceneQuestion, reading: SceneReading) {
      self.question = question
      self.reading = reading
    }
  }

  /// How many answers are right in each category.
  package struct Tally: Sendable, Hashable {
    package private(set) var count = 0
    package private(set) var time = 0
    package private(set) var subject = 0
    package private(set) var colour = 0
    package private(set) var motion = 0
    /// Right in all four.
    package private(set) var whole = 0

    fileprivate init(_ answers: some Sequence<Answer>) {
      for agreement in answers.map(\.agreement) {
        count += 1
        time += agreement.time ? 1 : 0
        subject += agreement.subject ? 1 : 0
        colour += agreement.colour ? 1 : 0
        motion += agreement.motion ? 1 : 0
        whole += agreement.isWhole ? 1 : 0
      }
    }

    /// The categories in the order in which they are shown, with their numbers of right answers.
    fileprivate var columns: [(name: String, value: Int)] {
      [
        ("time", time), ("object", subject), ("colour", colour), ("motion", motion),
        ("all", whole),
      ]
    }
  }

  package let answers: [Answer]

  package init(_ answers: [Answer]) { self.answers = answers }

  /// Over all answers.
  package var total: Tally { Tally(answers) }

  /// The tallies by object, in the order of the subjects that were asked for.
  private var rows: [(name: String, tally: Tally)] {
    Scene.Subject.allCases.compactMap { subject in
      let tally = Tally(answers.filter { $0.question.scene.subject == subject })
      return tally.count > 0 ? (subject.rawValue, tally) : nil
    }
  }

  /// A table in percent.
  package var table: String {
    func cell(_ text: String) -> String {
      String(repeating: " ", count: max(1, 8 - text.count)) + text
    }
    func line(_ name: String, _ cells: [String]) -> String {
      name + String(repeating: " ", count: max(1, 10 - name.count)) + cells.map(cell).joined()
    }
    func line(_ name: String, _ tally: Tally) -> String {
      let values = tally.columns.map { column in
        let tenths = (column.value * 1000 + tally.count / 2) / max(1, tally.count)
        return "\(tenths / 10).\(tenths % 10)"
      }
      return line(name, [String(tally.count)] + values)
    }
    let head = line("", ["clips"] + total.columns.map(\.name))
    let body = rows.map { line($0.name, $0.tally) } + [line("together", total)]
    return ([head] + body).map { $0 + "\n" }.joined()
  }
}

extension SceneScore {
  /// The score, by category and object, and every answer that is not wholly right.
  ///
  /// - Parameter entries: What the score is of, and how it is repeated.
  package func json(_ entries: [(key: String, value: JSONValue)]) -> JSONValue {
    let misses = answers.filter { !$0.agreement.isWhole }.map { answer in
      let (scene, reading) = (answer.question.scene, answer.reading)
      return JSONValue.object([
        ("prompt", .string(answer.question.prompt)),
        ("seed", .integer(Int(clamping: answer.question.seed))),
        ("asked", Self.json(scene.time, scene.subject, scene.colour, scene.motion)),
        ("seen", Self.json(reading.time, reading.subject, reading.colour, reading.motion)),
      ])
    }
    return .object(
      [("format_version", .string("1.0"))] + entries + [
        ("score", json(total)),
        ("objects", .object(rows.map { ($0.name, json($0.tally)) })),
        ("misses", .array(misses)),
      ])
  }

  /// The shares of right answers, rounded to four digits.
  private func json(_ tally: Tally) -> JSONValue {
    .object(
      [("clips", .integer(tally.count))]
        + tally.columns.map { column in
          let share = Double(column.value) / Double(max(1, tally.count))
          return (column.name, .number((share * 10000).rounded() / 10000))
        })
  }

  private static func json(
    _ time: Scene.Time, _ subject: Scene.Subject?, _ colour: Scene.Colour?,
    _ motion: Scene.Motion?
  ) -> JSONValue {
    func text(_ word: String?) -> JSONValue { word.map(JSONValue.string) ?? .null }
    return .object([
      ("time", .string(time.rawValue)), ("object", text(subject?.rawValue)),
      ("colour", text(colour?.rawValue)), ("motion", text(motion?.rawValue)),
    ])
  }
}
