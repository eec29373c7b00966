import CKernels
import Kernels
import Planning
import Tensors

/// The calls from whose times a machine's profile is made.
struct ProbeSet {
  /// One call to time.
  struct Sample {
    /// Where its time goes.
    var table: MachineProfile.Table
    /// The coordinates.
    var point: [Int]
    /// The call.
    var probe: KernelProbe
    /// What the time is divided by.
    var divisor: Double
    /// The sample whose time is taken away before.
    var baseline: Int?
    /// The calls that are timed together; nil before the first time.
    var count: Int?
    /// The seconds of a call, by pass.
    var times: [Double] = []

    /// The shortest time.
    var best: Double { times.min() ?? .infinity }

    /// The middle one of the times.
    var median: Double { times.isEmpty ? .infinity : times.sorted()[times.count / 2] }
  }

  /// All calls; those of one table in the order of its grid.
  private(set) var samples: [Sample] = []

  private let memory: ProbeMemory

  /// The calls with extents of products up to `largestExtent`.
  init(_ memory: ProbeMemory, largestExtent: Int) {
    self.memory = memory
    add(.call, [], copy(elements: 1))
    addReads()
    let extents = [32, 256, 1024, 4096].filter { $0 <= largestExtent }
    for precision in Precision.allCases {
      addLinear(precision, rows: [1, 8, 64, 256, 1024].filter { $0 <= largestExtent }, extents)
      addEpilogues(precision)
      for width in [32, 64, 128] {
        for tokens in [16, 64, 256, 1024] where tokens <= largestExtent {
          addAttention(precision, width: width, tokens: tokens)
        }
      }
    }
    for m in [16, 128, 512] where m <= largestExtent {
      for n in [16, 128, 512] where n <= largestExtent {
        for k in [16, 128, 512] where k <= largestExtent { addMatmul(m, n, k) }
      }
    }
    for rows in [1, 16, 256, 2048] where rows <= largestExtent {
      for width in [16, 64, 512, 2048] where width <= largestExtent { addRows(rows, width) }
    }
    addElementwise()
    for elements in [256, 8192, 262_144] { addMovements(elements) }
  }

  private mutating func add(
    _ table: MachineProfile.Table, _ point: [Int], _ probe: KernelProbe, dividedBy divisor: Int = 1,
    over baseline: Int? = nil
  ) {
    samples.append(
      Sample(
        table: table, point: point, probe: probe, divisor: Double(divisor), baseline: baseline))
  }

  /// Memory to read, a third of it away from the other two.
  private func operand(_ number: Int) -> UnsafeMutableRawPointer {
    memory.source.base + memory.source.byteCount / 192 * 64 * number
  }

  private var result: UnsafeMutableRawPointer { memory.results.base }

  // MARK: Products

  private func linear(
    _ m: Int, _ n: Int, _ k: Int, _ precision: Precision, isFar: Bool = false,
    epilogue: (inout dth_linear_args) -> Void = { _ in },
    gate: UnsafeMutableRawPointer? = nil, residual: UnsafeMutableRawPointer? = nil
  ) -> KernelProbe {
    var arguments = dth_linear_args()
    arguments.m = Int64(m)
    arguments.n = Int64(n)
    arguments.k = Int64(k)
    arguments.row_stride = Int64(k)
    arguments.result_stride = Int64(n)
    arguments.activation = DTH_ACTIVATION_NONE
    arguments.gate_rows = 1
    arguments.gate_stride = Int64(n)
    arguments.residual_rows = residual == nil ? 1 : Int64(m)
    arguments.residual_stride = Int64(n)
    if precision == .bf16 {
      // Between products values are bf16 too; a residual is not.
      arguments.a_element = DTH_BF16
      arguments.result_element = residual == nil ? DTH_BF16 : DTH_F32
    }
    epilogue(&arguments)
    let layout = StoredWeight.Layout.panels(n: n, k: k, precision)
    let byteCount = StoredWeight(source: .parameter([], [n, k]), layout: layout).byteCount
    return KernelProbe(
      arguments: .linear(arguments, precision),
      operands: [result, operand(1), operand(0), operand(2), gate, residual],
      moving: isFar ? (operand: 2, byteCount: byteCount) : nil)
  }

  private mutating func addReads() {
    var byteCount = 1 << 18
    while byteCount <= memory.source.byteCount {
      let (k, n) = (1024, byteCount / 4096)
      var probe = linear(1, n, k, .f32)
      probe.operands[2] = memory.source.base
      add(.read, [byteCount], probe, dividedBy: byteCount)
      byteCount *= 4
    }
  }

  private mutating func addLinear(_ precision: Precision, rows: [Int], _ extents: [Int]) {
    for isFar in [false, true] {
      for m in rows {
        for n in extents {
          for k in extents {
            add(
              isFar ? .linearFromMemory(precision) : .linear(precision), [m, n, k],
              linear(m, n, k, precision, isFar: isFar))
          }
        }
      }
    }
  }

  private mutating func addEpilogues(_ precision: Precision) {
    let (m, n, k) = (256, 256, 256)
    let bare = samples.firstIndex { $0.table == .linear(precision) && $0.point == [m, n, k] }
    for activation in KernelWork.Activation.allCases where activation != .none {
      let probe = linear(m, n, k, precision) { $0.activation = activation.kernelActivation }
      add(.activation(activation, precision), [], probe, dividedBy: m * n, over: bare)
    }
    add(
      .epilogueOperand(precision), [],
      linear(m, n, k, precision, gate: operand(2), residual: result), dividedBy: 2 * m * n,
      over: bare)
    let probe = linear(m, n, k, precision)
    if case .linear(let arguments, _) = probe.arguments {
      var patches = probe
      var arguments = arguments
      // An image is f32.
      arguments.a_element = DTH_F32
      patches.arguments = .patchLinear(
        arguments, precision, rowOffsets: (0..<m).map { Int32($0 * k) },
        columnOffsets: (0..<k).map(Int32.init))
      add(.patches(precision), [], patches, dividedBy: m * k, over: bare)
    }
  }

  private mutating func addMatmul(_ m: Int, _ n: Int, _ k: Int) {
    let entries = 8
    var arguments = dth_matmul_args()
    arguments.m = Int64(m)
    arguments.n = Int64(n)
    arguments.k = Int64(k)
    arguments.batch = (1, 1, 1, Int64(entries))
    arguments.a_batch_strides = (0, 0, 0, Int64(m * k))
    arguments.b_batch_strides = (0, 0, 0, Int64(k * n))
    arguments.result_batch_strides = (0, 0, 0, Int64(m * n))
    arguments.a_row_stride = Int64(k)
    arguments.a_column_stride = 1
    arguments.b_row_stride = Int64(n)
    arguments.b_column_stride = 1
    arguments.result_stride = Int64(n)
    add(
      .matmul, [m, n, k],
      KernelProbe(arguments: .matmul(arguments, .f32), operands: [result, operand(0), operand(1)]),
      dividedBy: entries)
  }

  private mutating func addAttention(_ precision: Precision, width: Int, tokens: Int) {
    let heads = tokens > 256 ? 4 : 16
    var arguments = dth_attention_args()
    arguments.batch = 1
    arguments.heads = Int64(heads)
    arguments.queries = Int64(tokens)
    arguments.keys = Int64(tokens)
    arguments.width = Int64(width)
    arguments.value_width = Int64(width)
    arguments.scale = 1 / Float(width)
    let stride = 3 * heads * width
    arguments.q_row_stride = Int64(stride)
    arguments.k_row_stride = Int64(stride)
    arguments.v_row_stride = Int64(stride)
    arguments.result_row_stride = Int64(heads * width)
    if precision == .bf16 {
      arguments.operand_element = DTH_BF16
      arguments.result_element = DTH_BF16
    }
    let base = operand(0)
    let part = heads * width * precision.dtype.byteCount
    add(
      .attention(precision), [width, tokens],
      KernelProbe(
        arguments: .attention(arguments, precision),
        operands: [result, base, base + part, base + 2 * part]),
      dividedBy: heads * tokens)
  }

  // MARK: Rows and elements

  private mutating func addRows(_ rows: Int, _ width: Int) {
    var norm = dth_norm_affine_args()
    norm.rows = Int64(rows)
    norm.width = Int64(width)
    norm.row_stride = Int64(width)
    norm.result_stride = Int64(width)
    norm.epsilon = 1e-6
    norm.scale_rows = 1
    norm.scale_stride = Int64(width)
    norm.shift_rows = 1
    norm.shift_stride = Int64(width)
    add(
      .norm, [rows, width],
      KernelProbe(
        arguments: .normAffine(norm), operands: [result, operand(0), operand(1), operand(2)]))
    var softmax = dth_softmax_args()
    softmax.rows = Int64(rows)
    softmax.width = Int64(width)
    softmax.row_stride = Int64(width)
    softmax.result_stride = Int64(width)
    add(
      .softmax, [rows, width],
      KernelProbe(arguments: .softmax(softmax), operands: [result, operand(0)]))
  }

  /// Steps over `extents`, each step on the result of the one before and the second input.
  private func elementwise(
    _ steps: [dth_op], extents: [Int], firstStrides: [Int]? = nil
  ) -> KernelProbe {
    var arguments = dth_elementwise_args()
    let strides = Shape(extents).strides
    arguments.rank = Int32(extents.count)
    arguments.input_count = 2
    arguments.step_count = Int32(steps.count)
    setElements(of: &arguments.dims, to: extents.map(Int64.init))
    setElements(of: &arguments.result_strides, to: strides.map(Int64.init))
    let padding = [Int64](repeating: 0, count: Int(DTH_MAX_RANK) - extents.count)
    let inputs = [firstStrides ?? strides, strides].map { $0.map(Int64.init) + padding }
    setElements(of: &arguments.input_strides, to: inputs.flatMap(\.self))
    setElements(
      of: &arguments.steps,
      to: steps.enumerated().map { index, step in
        dth_step(op: Int32(step.rawValue), lhs: index == 0 ? 0 : -Int32(index), rhs: 1)
      })
    return KernelProbe(
      arguments: .elementwise(arguments), operands: [result, operand(0), operand(1)])
  }

  private func copy(elements: Int) -> KernelProbe { elementwise([DTH_COPY], extents: [elements]) }

  private mutating func addElementwise() {
    for elements in [64, 1024, 16_384, 262_144, 1_048_576] {
      add(.elementwise, [elements], elementwise([DTH_ADD], extents: [elements]))
    }
    let elements = 262_144
    let baseline = samples.firstIndex { $0.table == .elementwise && $0.point == [elements] }
    add(
      .lightStep, [], elementwise([DTH_ADD, DTH_MULTIPLY, DTH_ADD], extents: [elements]),
      dividedBy: 2 * elements, over: baseline)
    add(
      .heavyStep, [], elementwise([DTH_ADD, DTH_GELU_TANH], extents: [elements]),
      dividedBy: elements, over: baseline)
    add(
      .scalarStep, [], elementwise([DTH_ADD, DTH_SIN], extents: [elements]),
      dividedBy: elements, over: baseline)
    add(
      .stridedOperand, [], elementwise([DTH_ADD], extents: [512, 512], firstStrides: [1, 512]),
      dividedBy: elements, over: baseline)
  }

  private mutating func addMovements(_ elements: Int) {
    let width = 64
    var reduce = dth_reduce_args()
    reduce.reduction = DTH_MEAN
    reduce.kept_rank = 1
    reduce.reduced_rank = 1
    reduce.kept_dims.0 = Int64(elements / width)
    reduce.kept_strides.0 = Int64(width)
    reduce.reduced_dims.0 = Int64(width)
    reduce.reduced_strides.0 = 1
    add(
      .reduce, [elements], KernelProbe(arguments: .reduce(reduce), operands: [result, operand(0)]))
    // The ids are what the memory holds, and clamped into the table.
    var gather = dth_gather_args()
    gather.count = Int64(elements / width)
    gather.rows = 1024
    gather.width = Int64(width)
    gather.table_stride = Int64(width)
    gather.result_stride = Int64(width)
    add(
      .gather, [elements],
      KernelProbe(arguments: .gather(gather), operands: [result, operand(0), operand(1)]))
    let pack = dth_pack_args(
      n: Int64(elements / width), k: Int64(width), transposed: false, element: DTH_F32)
    add(
      .pack, [elements], KernelProbe(arguments: .pack(pack, .f32), operands: [result, operand(0)]))
  }
}
