import Tensors

extension MachineProfile {
  /// The time that calls take one after another, over and over.
  ///
  /// Weights are read from the memory that holds all weights of the calls: the nearer to the
  /// processor, the fewer they are.
  package func seconds(for works: [KernelWork]) -> Double {
    let weightByteCount = works.reduce(0) { $0 + $1.weightByteCount }
    return works.reduce(0) { $0 + seconds(for: $1, amongWeightBytes: weightByteCount) }
  }

  /// The time of one call among others that read so many bytes of weights in all.
  func seconds(for work: KernelWork, amongWeightBytes weightByteCount: Int) -> Double {
    switch work {
    case .linear(let linear), .convolution(let linear):
      return seconds(for: linear, amongWeightBytes: weightByteCount)
    case .matmul(let entries, let m, let n, let k, _):
      return self[.call] + Double(entries) * self[.matmul, m, n, k]
    case .attentionGradient(let attention):
      // Five products of as many elements, where attention has two.
      return 2.5 * seconds(for: .attention(attention), amongWeightBytes: weightByteCount)
    case .attention(let attention):
      // Half of the work is as wide as the keys, half as wide as the values.
      let width = (attention.width + attention.valueWidth) / 2
      let queries = Double(attention.heads * attention.queries)
      return self[.call] + queries * self[.attention(attention.precision), width, attention.keys]
    case .elementwise(let elementwise):
      let elements = Double(elementwise.elements)
      // The table has one light step already.
      let steps =
        Double(max(0, elementwise.lightSteps - 1)) * self[.lightStep]
        + Double(elementwise.heavySteps) * self[.heavyStep]
        + Double(elementwise.scalarSteps) * self[.scalarStep]
        + Double(elementwise.stridedOperands) * self[.stridedOperand]
      return self[.elementwise, elementwise.elements] + elements * steps
    case .norm(let rows, let width): return self[.norm, rows, width]
    case .softmax(let rows, let width): return self[.softmax, rows, width]
    case .reduce(let elements): return self[.reduce, elements]
    case .gather(let rows, let width): return self[.gather, rows * width]
    case .upsample(let elements): return self[.elementwise, elements]
    case .pack(let n, let k, _): return self[.pack, n * k]
    }
  }

  private func seconds(
    for linear: KernelWork.Linear, amongWeightBytes weightByteCount: Int
  ) -> Double {
    let precision = linear.precision
    let near = self[.linear(precision), linear.m, linear.n, linear.k]
    let far = self[.linearFromMemory(precision), linear.m, linear.n, linear.k]
    let own = KernelWork.linear(linear).weightByteCount
    let share = farness(of: weightByteCount, from: own)
    var perElement = Double(linear.epilogueOperandCount) * self[.epilogueOperand(precision)]
    if linear.activation != .none {
      perElement += self[.activation(linear.activation, precision)]
    }
    let patches = linear.readsPatches ? self[.patches(precision)] : 0
    return near + share * max(0, far - near) + perElement * Double(linear.m * linear.n)
      + patches * Double(linear.m * linear.k)
  }

  /// Where memory of `byteCount` bytes lies between a cache that holds `own` bytes, which is 0, and
  /// the main memory, which is 1, by the time of reading it.
  private func farness(of byteCount: Int, from own: Int) -> Double {
    guard let read = tables[.read], let largest = read.axes[0].last else { return 1 }
    func time(_ byteCount: Double) -> Double { read.value(at: [byteCount], above: .none) }
    let (near, far) = (time(Double(own)), time(largest))
    guard far > near else { return 1 }
    return min(max((time(Double(byteCount)) - near) / (far - near), 0), 1)
  }

  private subscript(table: Table, point: Int...) -> Double {
    tables[table]?.value(at: point.map { Double(max($0, 1)) }) ?? 0
  }
}
