import GraphIR
import ModelSpec
import Tensors

/// The inputs that conditions are read from.
struct ConditionInputs {
  /// Word ids, i32 `[batch, length]`.
  var textIDs: ValueID?
  /// Class numbers, i32 `[batch]`.
  var label: ValueID?
  /// Timesteps, `[1]` for all samples or `[batch]`.
  var timestep: ValueID
  /// Whether an unconditional half follows the samples, for guidance.
  var isGuided: Bool
}

extension LoweringContext {
  /// Declares the inputs `text_ids` and `label` that the spec's conditions read.
  mutating func conditionInputs(timestep: ValueID, isGuided: Bool) -> ConditionInputs {
    let conditioning = spec.denoiser?.conditioning
    let textIDs = conditioning?.prompt.map {
      builder.input("text_ids", TensorType(.i32, [batch, $0.length]))
    }
    let label = conditioning?.label.map { _ in
      builder.input("label", TensorType(.i32, [batch]))
    }
    return ConditionInputs(
      textIDs: textIDs, label: label, timestep: timestep, isGuided: isGuided)
  }

  /// The condition vector.
  ///
  /// - Parameter prefix: Where the embedders' names start: empty, or a block's with embedders of
  ///   its own.
  /// - Returns: `[rows, width]`, a row per sample or one for all; nil without conditions.
  mutating func condition(
    _ conditioning: Conditioning, _ inputs: ConditionInputs, prefix: String
  ) throws(GraphError) -> ValueID? {
    var vectors: [ValueID] = []
    if let prompt = conditioning.prompt, let ids = inputs.textIDs {
      let vector = try at("conditioning.prompt") { context throws(GraphError) in
        switch prompt.embedding {
        case .words:
          try context.promptVector(prompt, ids, inputs, combine: conditioning.combine)
        case .textEncoder: try context.textVector(combine: conditioning.combine)
        }
      }
      if let vector { vectors.append(vector) }
    }
    if let label = conditioning.label, let ids = inputs.label {
      vectors.append(
        try at("conditioning.label") { context throws(GraphError) in
          let table = try context.parameter(prefix + "conditioning.label.weight")
          let rows = try context.builder.append(.gather, [table, ids])
          context.probe(.embed, "label_vector", rows, .vector)
          let null = context.negativeLabel ?? label.nullClass
          return try context.guided(rows, table, null: null.map { [$0] }, inputs)
        })
    }
    if let timestep = conditioning.timestep {
      vectors.append(
        try at("conditioning.timestep") { context throws(GraphError) in
          let vector = try context.timestepVector(
            timestep, inputs.timestep, name: prefix + "conditioning.timestep")
          context.probe(.embed, "timestep_vector", vector, .vector)
          return vector
        })
    }
    guard let first = vectors.first else { return nil }
    let result = try at("conditioning.combine") { context throws(GraphError) in
      try context.combined(first, vectors, conditioning.combine)
    }
    probe(.embed, "condition", result, .vector)
    return result
  }

  /// Several vectors as one: added, or side by side.
  private mutating func combined(
    _ first: ValueID, _ vectors: [ValueID], _ combination: Conditioning.Combination
  ) throws(GraphError) -> ValueID {
    switch combination {
    case .sum:
      var result = first
      for vector in vectors.dropFirst() { result = try builder.add(result, vector) }
      return result
    case .concat:
      let rows = vectors.map { builder.shape($0)[0] }.max() ?? 1
      var parts: [ValueID] = []
      for vector in vectors {
        let shape = builder.shape(vector)
        parts.append(
          shape[0] == rows ? vector : try builder.append(.broadcast([rows, shape[1]]), [vector]))
      }
      return try builder.concat(parts, axis: 1)
    }
  }

  /// The words' vectors side by side, and with `combine: sum` a linear function of them.
  private mutating func promptVector(
    _ prompt: PromptCondition, _ ids: ValueID, _ inputs: ConditionInputs,
    combine: Conditioning.Combination
  ) throws(GraphError) -> ValueID {
    let table = try wordTable(prompt)
    let rows = try builder.append(.gather, [table, ids])
    let words = try builder.reshape(rows, [batch, prompt.length * prompt.width])
    probe(.embed, "text_embedding", words, .vector)
    let null = [Int](repeating: prompt.paddingID, count: prompt.length)
    let vectors = try guided(words, table, null: prompt.dropout > 0 ? null : nil, inputs)
    return combine == .sum ? try linear("conditioning.prompt.projection", vectors) : vectors
  }

  /// The word table `[words and padding, width]`; its last row is zero.
  private mutating func wordTable(_ prompt: PromptCondition) throws(GraphError) -> ValueID {
    let padding = [Float](repeating: 0, count: prompt.width)
    if prompt.tableIsLearned {
      return try builder.concat(
        [
          parameter("conditioning.prompt.weight"),
          builder.constant(Tensor([1, prompt.width], padding)),
        ], axis: 0)
    }
    // An unknown word that is kept has no vector in the spec: it reads zeros, like padding.
    let extraRows = prompt.paddingID + 1 - prompt.vocabulary.count
    let values = prompt.vocabulary.flatMap { $0.vector ?? padding }
    return builder.constant(
      Tensor(
        [prompt.paddingID + 1, prompt.width],
        values + (0..<extraRows).flatMap { _ in padding }))
  }

  /// Appends the null condition of every sample where the run is guided.
  mutating func guided(
    _ rows: ValueID, _ table: ValueID, null: [Int]?, _ inputs: ConditionInputs
  ) throws(GraphError) -> ValueID {
    guard inputs.isGuided else { return rows }
    guard let null else {
      // Without a null condition both halves are the same.
      return try builder.concat([rows, rows], axis: 0)
    }
    let ids = builder.constant(Tensor(ids: [1, null.count], null))
    let vectors = try builder.append(.gather, [table, ids])
    let width = builder.shape(rows)[1]
    let row = try builder.reshape(vectors, [1, width])
    let half = batch == 1 ? row : try builder.append(.broadcast([batch, width]), [row])
    return try builder.concat([rows, half], axis: 0)
  }

  /// The step as a vector `[rows, width]`.
  private mutating func timestepVector(
    _ encoding: TimestepCondition, _ timestep: ValueID, name: String
  ) throws(GraphError) -> ValueID {
    let column = try builder.reshape(timestep, [builder.shape(timestep)[0], 1])
    switch encoding {
    case .binary(let bits):
      // Digit k is ⌊t / 2^k⌋ - 2 ⌊t / 2^(k+1)⌋; halvings are exact.
      let weights = (0..<bits).reversed().map { Float(1) / Float(1 << $0) }
      let shifted = try builder.multiply(column, builder.constant(Tensor([bits], weights)))
      let halved = try builder.multiply(
        column, builder.constant(Tensor([bits], weights.map { $0 / 2 })))
      let doubled = try builder.multiply(builder.unary(.floor, halved), builder.scalar(2))
      return try builder.subtract(builder.unary(.floor, shifted), doubled)
    case .sinusoidal(let sinusoid):
      let count = sinusoid.width / 2
      let frequencies = builder.table(
        .frequencies(
          count: count, denominator: Double(count) - sinusoid.frequencyShift,
          maximumPeriod: sinusoid.maxPeriod))
      let angles = try builder.multiply(column, frequencies)
      let (sines, cosines) = (try builder.unary(.sin, angles), try builder.unary(.cos, angles))
      let waves = try builder.concat(
        sinusoid.order == .cosSin ? [cosines, sines] : [sines, cosines], axis: 1)
      let hidden = try activate(sinusoid.activation, linear(name + ".input", waves))
      return try linear(name + ".output", hidden)
    }
  }
}
