import Tensors

/// A tensor that a model needs.
package struct ParameterDeclaration: Sendable, Hashable {
  /// The name, as in `blocks.0.feed_forward.weight`.
  package var name: String
  /// The extents; matrices are `[out, in]`.
  package var dimensions: [Int]
  /// The spec key responsible.
  package var path: String
  /// The block within the stack, where the parameter belongs to one.
  package var block: Int?
  /// Whether training changes it.
  package var isLearnable: Bool
  /// Whether it is a buffer: part of the model's state, counted among no parameters.
  package var isBuffer: Bool
  /// What a new model starts with.
  package var initial: InitialValues
}

extension ModelSpec {
  /// Every parameter and buffer of the model, in the order of the forward pass.
  ///
  /// - Complexity: Linear in the depth of the stack.
  package var parameterDeclarations: [ParameterDeclaration] {
    var list = DeclarationList()
    autoencoder.map { list.declareEncoder($0, pixels: pixels) }
    textEncoder.map { list.declare($0) }
    denoiser.map { list.declare($0) }
    autoencoder.map { list.declareDecoder($0, pixels: pixels) }
    return list.declarations
  }

  /// The number of learnable and frozen parameters; buffers do not count.
  package var parameterCount: Int {
    parameterDeclarations.reduce(0) { count, declaration in
      declaration.isBuffer ? count : count + declaration.dimensions.reduce(1, *)
    }
  }
}

/// Parameters as they are declared, one after the other.
struct DeclarationList {
  var declarations: [ParameterDeclaration] = []
  var path = ""
  var block: Int?
  var isLearnable = true

  mutating func tensor(
    _ name: String, _ dimensions: [Int], isBuffer: Bool = false, initial: InitialValues = .zeros
  ) {
    declarations.append(
      ParameterDeclaration(
        name: name, dimensions: dimensions, path: path, block: block,
        isLearnable: isLearnable && !isBuffer, isBuffer: isBuffer, initial: initial))
  }

  /// - Parameter initial: That of the weight; nil takes Xavier's. The bias starts with zeros.
  mutating func linear(
    _ name: String, from input: Int, to output: Int, initial: InitialValues? = nil
  ) {
    tensor(
      name + ".weight", [output, input], initial: initial ?? .xavier(from: input, to: output))
    tensor(name + ".bias", [output])
  }

  mutating func declare(_ denoiser: Denoiser) {
    let width = denoiser.latentDim
    if denoiser.patchEmbedding.kind == .linear {
      path = "patch_embedding"
      linear(
        "patch_embedding", from: denoiser.patchSize.area * denoiser.latent.channels, to: width)
    }
    let conditioning = denoiser.conditioning
    let conditionWidth = conditioning.width(latentDim: width)
    declarePrompt(denoiser)
    if conditioning.embedders == .shared {
      declareEmbedders(conditioning, prefix: "", width: width)
    }
    block = 0
    for (groupIndex, group) in denoiser.blocks.enumerated() {
      for _ in 0..<group.repeatCount {
        let prefix = "blocks.\(block ?? 0)."
        if conditioning.embedders == .perBlock {
          declareEmbedders(conditioning, prefix: prefix, width: width)
        }
        declareBlock(
          group, path: "blocks[\(groupIndex)]", prefix: prefix, denoiser,
          conditionWidth: conditionWidth)
        block = (block ?? 0) + 1
      }
    }
    block = nil
    if denoiser.finalLayer.kind == .linear {
      path = "final_layer"
      if !denoiser.finalLayer.modulation.isEmpty {
        linear(
          "final_layer.modulation", from: conditionWidth,
          to: denoiser.finalLayer.modulation.count * width,
          initial: conditioning.modulationInitial)
      }
      linear(
        "final_layer", from: width,
        to: denoiser.patchSize.area * denoiser.finalLayer.outChannels, initial: .zeros)
      if denoiser.finalLayer.skip {
        linear(
          "final_layer.skip", from: conditionWidth,
          to: denoiser.patchSize.area * denoiser.latent.channels, initial: .zeros)
      }
    }
  }

  mutating func declarePrompt(_ denoiser: Denoiser) {
    let conditioning = denoiser.conditioning
    guard let prompt = conditioning.prompt else { return }
    path = "conditioning.prompt"
    if prompt.embedding == .words, prompt.tableIsLearned {
      tensor(
        "conditioning.prompt.weight", [prompt.paddingID, prompt.width],
        initial: .embedding)
    }
    if conditioning.combine == .sum, prompt.embedding == .words || denoiser.isModulated {
      linear(
        "conditioning.prompt.projection", from: prompt.vectorWidth, to: denoiser.latentDim)
    }
  }

  mutating func declareEmbedders(_ conditioning: Conditioning, prefix: String, width: Int) {
    if let label = conditioning.label {
      path = "conditioning.label"
      tensor(
        prefix + "conditioning.label.weight", [label.rowCount, width], initial: .embedding)
    }
    if case .sinusoidal(let sinusoid) = conditioning.timestep {
      path = "conditioning.timestep"
      linear(
        prefix + "conditioning.timestep.input", from: sinusoid.width, to: width,
        initial: .embedding)
      linear(
        prefix + "conditioning.timestep.output", from: width, to: width, initial: .embedding)
    }
  }

  mutating func declareBlock(
    _ group: BlockGroup, path groupPath: String, prefix: String, _ denoiser: Denoiser,
    conditionWidth: Int
  ) {
    let width = denoiser.latentDim
    let modulated = group.sublayers.count { $0.modulated }
    if let modulation = denoiser.conditioning.modulation, modulated > 0 {
      path = "conditioning.modulation"
      linear(
        prefix + "modulation", from: conditionWidth,
        to: modulated * modulation.order.count * width,
        initial: denoiser.conditioning.modulationInitial)
    }
    for (index, sublayer) in group.sublayers.enumerated() {
      path = "\(groupPath).sublayers[\(index)]"
      let name = prefix + sublayer.name
      switch sublayer.operation {
      case .attention(let attention):
        declare(attention, name: name, width: width, tokenCount: denoiser.tokenCount)
      case .crossAttention:
        let textWidth = denoiser.conditioning.prompt?.width ?? width
        linear(name + ".query", from: width, to: width)
        linear(name + ".key", from: textWidth, to: width)
        linear(name + ".value", from: textWidth, to: width)
        linear(name + ".projection", from: width, to: width, initial: .zeros)
      case .feedForward(let feedForward): declare(feedForward, name: name, width: width)
      }
    }
  }

  mutating func declare(_ attention: SelfAttention, name: String, width: Int, tokenCount: Int) {
    switch attention.map {
    case .given: tensor(name + ".map", [tokenCount, tokenCount], isBuffer: true)
    case .computed:
      linear(name + ".query", from: width, to: width, initial: .joined(width))
      linear(name + ".key", from: width, to: width, initial: .joined(width))
    }
    if attention.value == .linear {
      linear(name + ".value", from: width, to: width, initial: .joined(width))
    }
    if attention.projection == .linear { linear(name + ".projection", from: width, to: width) }
  }

  mutating func declare(_ feedForward: FeedForward, name: String, width: Int) {
    switch feedForward.layers {
    case .linear: linear(name, from: width, to: width)
    case .mlp(let hidden, _):
      linear(name + ".input", from: width, to: hidden)
      linear(name + ".output", from: hidden, to: width)
    }
  }

  mutating func declare(_ encoder: TextEncoder) {
    path = "text_encoder"
    let (width, length) = (encoder.width, encoder.length)
    let rowCount = PromptCondition(encoder, dropout: 0).paddingID + 1
    tensor("text_encoder.words.weight", [rowCount, width], initial: .embedding)
    tensor("text_encoder.positions.weight", [length, width], initial: .embedding)
    for block in 0..<encoder.depth {
      let name = "text_encoder.blocks.\(block)."
      declare(encoder.attention, name: name + "attention", width: width, tokenCount: length)
      declare(encoder.feedForward, name: name + "feed_forward", width: width)
    }
  }
}

extension Conditioning {
  /// The width of the condition vector.
  package func width(latentDim: Int) -> Int {
    switch combine {
    case .sum: return latentDim
    case .concat:
      var width = 0
      if let prompt { width += prompt.vectorWidth }
      if label != nil { width += latentDim }
      switch timestep {
      case .binary(let bits): width += bits
      case .sinusoidal: width += latentDim
      case nil: break
      }
      return width
    }
  }
}
