import Tensors

/// What the prediction depends on besides the latent: key `conditioning`.
package struct Conditioning: Sendable, Hashable {
  /// How several conditions become one vector.
  package enum Combination: String, Sendable, Hashable, CaseIterable {
    /// Each is embedded to the width of a token; they are added.
    case sum
    /// They stand one after the other: prompt, label, timestep.
    case concat
  }

  /// Whether blocks have embedders of their own.
  package enum Embedders: String, Sendable, Hashable, CaseIterable {
    case shared
    /// Each block embeds timestep and label with its own layers; the final layer uses the first
    /// block's.
    case perBlock = "per_block"
  }

  /// The words; nil for none.
  package var prompt: PromptCondition?
  /// The class; nil for none.
  package var label: LabelCondition?
  /// The step; nil for none.
  package var timestep: TimestepCondition?
  /// How they become one vector.
  package var combine: Combination
  /// Whether blocks have embedders of their own.
  package var embedders: Embedders
  /// What the vector does to the tokens; nil for nothing.
  package var modulation: Modulation?

  /// Conditioning of the given parts.
  package init(
    prompt: PromptCondition?, label: LabelCondition?, timestep: TimestepCondition?,
    combine: Combination, embedders: Embedders, modulation: Modulation?
  ) {
    self.prompt = prompt
    self.label = label
    self.timestep = timestep
    self.combine = combine
    self.embedders = embedders
    self.modulation = modulation
  }
}

/// The step as a vector: key `timestep`.
package enum TimestepCondition: Sendable, Hashable {
  /// Binary digits, most significant first: `encoding: binary`.
  case binary(bits: Int)
  /// A sinusoid, then linear, activation, linear to the width of a token: `encoding: sinusoidal`.
  case sinusoidal(Sinusoid)

  /// Sines and cosines of the step at a range of frequencies, and the layers after them.
  package struct Sinusoid: Sendable, Hashable {
    /// Which half comes first.
    package enum Order: String, Sendable, Hashable, CaseIterable {
      case cosSin = "cos_sin"
      case sinCos = "sin_cos"
    }

    /// The number of sines and cosines together; even.
    package var width: Int
    /// Which half comes first.
    package var order: Order
    /// What is taken from `width/2` to give the denominator of the frequencies' exponent: 0 in
    /// the original DiT (128), 1 in diffusers' (127).
    package var frequencyShift: Double
    /// The period of the slowest frequency, in units of 2π.
    package var maxPeriod: Double
    /// The function between the two layers.
    package var activation: Activation

    /// A sinusoid.
    package init(
      width: Int, order: Order, frequencyShift: Double, maxPeriod: Double, activation: Activation
    ) {
      self.width = width
      self.order = order
      self.frequencyShift = frequencyShift
      self.maxPeriod = maxPeriod
      self.activation = activation
    }
  }
}

/// A class by its number: key `label`.
package struct LabelCondition: Sendable, Hashable {
  /// The number of classes.
  package var classes: Int
  /// How often training replaces the class by the null class; above 0, the table has a row more.
  package var dropout: Double
  /// Names of classes, in the order of the classes.
  package var names: [ClassName]
  /// A file with the names instead, relative to the spec; nil without one.
  package var namesFile: String?

  /// What a class is called.
  package struct ClassName: Sendable, Hashable {
    /// The class.
    package var number: Int
    /// Its names, separated by commas.
    package var text: String

    /// A name.
    package init(number: Int, text: String) {
      self.number = number
      self.text = text
    }
  }

  /// A label.
  package init(
    classes: Int, dropout: Double, names: [ClassName] = [], namesFile: String? = nil
  ) {
    self.classes = classes
    self.dropout = dropout
    self.names = names
    self.namesFile = namesFile
  }

  /// Rows of the table: the classes, and the null class where dropout makes one.
  package var rowCount: Int { classes + (dropout > 0 ? 1 : 0) }

  /// The number of the null class; nil without one.
  package var nullClass: Int? { dropout > 0 ? classes : nil }
}

/// A part of a modulation vector, as wide as a token.
package enum ModulationChunk: String, Sendable, Hashable, CaseIterable {
  case shift
  case scale
  case gate
}

/// What the condition does to the tokens: key `modulation`.
///
/// - Source: Peebles and Xie, Scalable Diffusion Models with Transformers (arXiv 2212.09748),
///   section 3.2.
package struct Modulation: Sendable, Hashable {
  /// How scale and shift act.
  package enum Form: String, Sendable, Hashable, CaseIterable {
    /// `x * scale + shift`.
    case plain
    /// `x * (1 + scale) + shift`.
    case adaln
    /// As `adaln`, and a gate before the residual.
    case adalnZero = "adaln_zero"
  }

  /// How scale and shift act.
  package var form: Form
  /// The order of the chunks of one sublayer; sublayers follow one another.
  package var order: [ModulationChunk]
  /// The function before the linear layer that makes the chunks.
  package var activation: Activation

  /// A modulation.
  package init(form: Form, order: [ModulationChunk], activation: Activation) {
    self.form = form
    self.order = order
    self.activation = activation
  }
}
