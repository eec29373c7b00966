import Kernels
import Tensors

/// How fast the kernels are on a machine, as far as the time of a run can be told from it.
package struct MachineProfile: Sendable, Hashable {
  /// What a profile holds for; another value is another profile.
  package struct Key: Sendable, Hashable {
    /// The maker's name of the processor.
    package var processor: String
    /// The kernels.
    package var kernels: String
    /// The threads.
    package var threads: Int
    /// The program's version, since kernels change with it.
    package var version: String

    /// A key.
    package init(processor: String, kernels: String, threads: Int, version: String) {
      self.processor = processor
      self.kernels = kernels
      self.threads = threads
      self.version = version
    }
  }

  /// A measured function; its values are seconds, with all threads at work.
  package enum Table: Sendable, Hashable {
    /// A call that does nothing, with the wait of the threads for one another.
    case call
    /// Reading a byte of memory of so many bytes, over and over; by bytes.
    case read
    /// A product whose weight was read just before; by m, n, k.
    case linear(Precision)
    /// A product whose weight is in no cache; by m, n, k.
    case linearFromMemory(Precision)
    /// What an activation adds for each element of a product.
    case activation(KernelWork.Activation, Precision)
    /// What a gate or a residual adds for each element of a product.
    case epilogueOperand(Precision)
    /// What reading patches of an image adds for each element of the left operand.
    case patches(Precision)
    /// A query of one head; by width and keys.
    case attention(Precision)
    /// A batch entry of a product of two values; by m, n, k.
    case matmul
    /// By rows and width.
    case norm
    /// By rows and width.
    case softmax
    /// A step over two contiguous operands; by elements.
    case elementwise
    /// What another step of a few instructions adds for each element.
    case lightStep
    /// What a step that is a polynomial or a division adds for each element.
    case heavyStep
    /// What a sine or a cosine adds for each element.
    case scalarStep
    /// What an operand whose elements do not follow one another adds for each element.
    case stridedOperand
    /// By elements read.
    case reduce
    /// By elements written.
    case gather
    /// By elements.
    case pack
  }

  /// What it holds for.
  package var key: Key
  /// The most floating-point operations per second, by precision.
  package var peaks: [Precision: Double]
  /// All measured functions.
  package var tables: [Table: SampledFunction]

  /// A profile; nil where a function or a peak is missing, or a function has the wrong axes.
  package init?(key: Key, peaks: [Precision: Double], tables: [Table: SampledFunction]) {
    guard Table.all.allSatisfy({ tables[$0]?.axes.count == $0.axisCount }),
      Precision.allCases.allSatisfy({ peaks[$0].map { $0 > 0 && $0.isFinite } ?? false })
    else { return nil }
    self.key = key
    self.peaks = peaks
    self.tables = tables
  }
}

extension MachineProfile.Table {
  /// All tables.
  package static let all: [Self] = {
    var tables: [Self] = [
      .call, .read, .matmul, .norm, .softmax, .elementwise, .lightStep, .heavyStep, .scalarStep,
      .stridedOperand, .reduce, .gather, .pack,
    ]
    for precision in Precision.allCases {
      tables += [
        .linear(precision), .linearFromMemory(precision), .epilogueOperand(precision),
        .patches(precision), .attention(precision),
      ]
      for activation in KernelWork.Activation.allCases where activation != .none {
        tables.append(.activation(activation, precision))
      }
    }
    return tables
  }()

  /// The number of coordinates.
  package var axisCount: Int {
    switch self {
    case .linear, .linearFromMemory, .matmul: 3
    case .attention, .norm, .softmax: 2
    case .read, .elementwise, .reduce, .gather, .pack: 1
    case .call, .activation, .epilogueOperand, .patches, .lightStep, .heavyStep, .scalarStep,
      .stridedOperand:
      0
    }
  }

  /// The name in a file.
  package var name: String {
    switch self {
    case .call: "call"
    case .read: "read"
    case .linear(let precision): "linear.\(precision.rawValue)"
    case .linearFromMemory(let precision): "linear_from_memory.\(precision.rawValue)"
    case .activation(let activation, let precision):
      "\(activation.rawValue).\(precision.rawValue)"
    case .epilogueOperand(let precision): "epilogue_operand.\(precision.rawValue)"
    case .patches(let precision): "patches.\(precision.rawValue)"
    case .attention(let precision): "attention.\(precision.rawValue)"
    case .matmul: "matmul"
    case .norm: "norm"
    case .softmax: "softmax"
    case .elementwise: "elementwise"
    case .lightStep: "light_step"
    case .heavyStep: "heavy_step"
    case .scalarStep: "scalar_step"
    case .stridedOperand: "strided_operand"
    case .reduce: "reduce"
    case .gather: "gather"
    case .pack: "pack"
    }
  }
}
