import GraphIR

/// A step of a diffusion transformer, as a person would name it on paper.
package enum Role: String, Sendable, Hashable, CaseIterable {
  case patchify
  case encode
  case noise
  case embed
  case modulation
  case modulate
  case attention
  case pool
  case feedForward = "feed-forward"
  case final
  case loss
  case denoise
  case decode
  case arrange
}

/// A value that a trace shows, with its place in the story.
package struct Probe: Sendable, Hashable {
  /// How a tensor is laid out on paper.
  package enum Layout: Sendable, Hashable {
    /// `[batch, tokens, width]`, shown with a token per column.
    case tokens
    /// `[batch, channels, (frames,) rows, columns]`, shown with a position per column.
    case positions
    /// As it is.
    case matrix
    /// As one vector.
    case vector
    /// As one vector, upright beside matrices.
    case column
    /// One number.
    case scalar
    /// `[batch, channels, (frames,) rows, columns]`, shown as pictures.
    case frames
  }

  /// The step.
  package var role: Role
  /// The name within the step.
  package var name: String
  /// The value.
  package var value: ValueID
  /// How it is laid out.
  package var layout: Layout
  /// What it is the result of, in values and signs; empty for what is given.
  package var equation: [Term]
  /// The block, where the step belongs to one.
  package var block: Int?

  /// A part of an equation.
  package enum Term: Sendable, Hashable {
    case value(ValueID, Layout)
    case sign(String)
  }
}

/// A graph and the values of it that a trace shows.
package struct TracedGraph: Sendable {
  /// The graph.
  package var graph: Graph
  /// What a trace shows, in order.
  package var probes: [Probe]
}

extension Probe.Term {
  /// A factor before a value; nil for 1.
  static func factor(_ value: Double) -> Probe.Term? {
    value == 1 ? nil : .sign("\(Float(value)) ·")
  }
}
