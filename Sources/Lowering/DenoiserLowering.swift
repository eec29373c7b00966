import GraphIR
import ModelSpec
import Schedules
import Tensors

extension LoweringContext {
  /// The denoiser's prediction.
  ///
  /// - Parameter latent: `[batch, channels, (frames,) height, width]`.
  /// - Returns: `[rows, out channels, (frames,) height, width]`; twice the batch when guided, the
  ///   unconditional half last.
  mutating func denoise(
    _ denoiser: Denoiser, _ latent: ValueID, _ inputs: ConditionInputs
  ) throws(GraphError) -> ValueID {
    var tokens = try embed(denoiser, latent)
    if inputs.isGuided { tokens = try builder.concat([tokens, tokens], axis: 0) }
    text = try encodeText(inputs)
    let conditioning = denoiser.conditioning
    var shared: ValueID?
    if conditioning.embedders == .shared {
      shared = try condition(conditioning, inputs, prefix: "")
    }
    let embedded = tokens
    var afterFirst = tokens
    var block = 0
    for (index, group) in denoiser.blocks.enumerated() {
      for _ in 0..<group.repeatCount {
        let prefix = "blocks.\(block)."
        tokens = try at("blocks[\(index)]", block: block) { context throws(GraphError) in
          var own = shared
          if conditioning.embedders == .perBlock {
            own = try context.condition(conditioning, inputs, prefix: prefix)
            // The final layer reads the first block's condition.
            if block == 0 { shared = own }
          }
          return try context.block(
            group, path: "blocks[\(index)]", tokens, condition: own, prefix: prefix)
        }
        if block == 0 { afterFirst = tokens }
        block += 1
      }
    }
    if skipsBlocks, block > 1 {
      try at("diffusion.cache") { context throws(GraphError) in
        try context.markMiddle(before: embedded, from: afterFirst, to: tokens)
      }
    }
    let patches = try at("final_layer") { context throws(GraphError) in
      let patches = try context.finalLayer(denoiser.finalLayer, tokens, condition: shared)
      guard denoiser.finalLayer.skip, let shared else { return patches }
      return try context.skip(denoiser, latent, to: patches, condition: shared)
    }
    let rows = builder.shape(patches)[0]
    return try at("final_layer") { context throws(GraphError) in
      try context.unpatchify(
        patches,
        to: [rows, denoiser.finalLayer.outChannels] + denoiser.latent.dimensions.dropFirst(),
        denoiser.patchSize, order: denoiser.finalLayer.order)
    }
  }

  /// The prediction `[rows, tokens, patch]` with the noisy latent added, each place of a patch times
  /// a number of the condition's.
  private mutating func skip(
    _ denoiser: Denoiser, _ latent: ValueID, to prediction: ValueID, condition: ValueID
  ) throws(GraphError) -> ValueID {
    var patches = try patchify(latent, denoiser.patchSize, order: denoiser.finalLayer.order)
    let rows = builder.shape(prediction)[0]
    if builder.shape(patches)[0] != rows {
      patches = try builder.concat([patches, patches], axis: 0)
    }
    let activation = denoiser.conditioning.modulation?.activation ?? .none
    let factors = try linear("final_layer.skip", activate(activation, condition))
    let perRow = try builder.reshape(factors, [rows, 1, builder.shape(factors)[1]])
    return try builder.add(prediction, builder.multiply(patches, perRow))
  }

  /// Patches as tokens `[batch, tokens, width]`, with their positions.
  private mutating func embed(
    _ denoiser: Denoiser, _ latent: ValueID
  ) throws(GraphError) -> ValueID {
    let tokens = try at("patch_embedding") { context throws(GraphError) in
      let patches = try context.patchify(
        latent, denoiser.patchSize, order: denoiser.patchEmbedding.order)
      switch denoiser.patchEmbedding.kind {
      case .none: return patches
      case .linear: return try context.linear("patch_embedding", patches)
      }
    }
    guard let table = denoiser.positionTable else { return tokens }
    return try at("position") { context throws(GraphError) in
      try context.builder.add(tokens, context.builder.table(.sincos(table)))
    }
  }

  /// Tokens as patches of the prediction, and their note for traces.
  private mutating func finalLayer(
    _ layer: FinalLayer, _ x: ValueID, condition: ValueID?
  ) throws(GraphError) -> ValueID {
    let name =
      switch spec.diffusion?.prediction {
      case .epsilon, nil: "predicted_noise"
      case .velocity: "predicted_velocity"
      case .sample: "predicted_signal"
      case .flow: "predicted_flow"
      }
    switch layer.kind {
    case .none:
      // The last sublayer's result is the prediction: its note takes that name.
      if let last = probes.lastIndex(where: { $0.value == x }) { probes[last].name = name }
      return x
    case .linear:
      var tokens = x
      if let norm = layer.norm {
        tokens = try builder.append(.layerNorm(epsilon: norm.epsilon), [tokens])
      }
      if !layer.modulation.isEmpty, let condition,
        let modulation = spec.denoiser?.conditioning.modulation
      {
        let vectors = try modulationVectors(
          layer.modulation, count: 1, name: "final_layer.modulation",
          activation: modulation.activation, condition)
        tokens = try modulate(tokens, vectors[0])
      }
      let equation = try probeParameters(.final, of: "final_layer", tokens, .tokens)
      let result = try linear("final_layer", tokens)
      probe(.final, name, result, .tokens, equation)
      return result
    }
  }
}

extension Denoiser {
  /// The position table of the grid; nil with `position: none`.
  var positionTable: SincosTable? {
    let (frames, rows, columns) = (grid[0], grid[1], grid[2])
    let rowScale = Double(position.baseSize[0]) / Double(rows) / position.interpolationScale
    let columnScale =
      Double(position.baseSize[1]) / Double(columns) / position.interpolationScale
    switch position.kind {
    case .none: return nil
    case .sincos1D:
      return SincosTable(
        grid: [tokenCount], parts: [SincosTable.Part(axis: 0, width: latentDim)])
    case .sincos2D:
      // Each frame's tokens carry the same table, so frames are an axis without columns.
      return SincosTable(
        grid: [frames, rows, columns],
        parts: [
          SincosTable.Part(axis: 2, width: latentDim / 2, positionScale: columnScale),
          SincosTable.Part(axis: 1, width: latentDim / 2, positionScale: rowScale),
        ])
    case .sincos3D:
      let spatial = latentDim / 4 * 3
      return SincosTable(
        grid: [frames, rows, columns],
        parts: [
          SincosTable.Part(
            axis: 0, width: latentDim / 4, positionScale: 1 / position.temporalInterpolationScale),
          SincosTable.Part(axis: 2, width: spatial / 2, positionScale: columnScale),
          SincosTable.Part(axis: 1, width: spatial / 2, positionScale: rowScale),
        ])
    }
  }
}
