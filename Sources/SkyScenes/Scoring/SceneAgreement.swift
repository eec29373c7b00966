/// In which categories a reading says what was asked for.
package struct SceneAgreement: Sendable, Hashable {
  package let time: Bool
  package let subject: Bool
  package let colour: Bool
  package let motion: Bool

  /// Whether all four are right.
  package var isWhole: Bool { time && subject && colour && motion }
}

extension Scene {
  /// Compares what was asked for with what is seen.
  package func agreement(with reading: SceneReading) -> SceneAgreement {
    SceneAgreement(
      time: reading.time == time, subject: reading.subject == subject,
      colour: reading.colour == colour, motion: reading.motion == motion)
  }
}
