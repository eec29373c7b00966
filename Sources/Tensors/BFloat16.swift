extension Float {
  /// The bits of the nearest `bf16`, ties to even: the upper half of a float's.
  ///
  /// NaN stays NaN.
  package var bfloat16Bits: UInt16 {
    if isNaN { return UInt16(bitPattern >> 16) | 0x40 }
    // Adding just under half of the last kept bit, and that bit, rounds ties to even.
    return UInt16((bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)) >> 16)
  }

  /// The number of a `bf16`, exactly.
  package init(bfloat16Bits bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }

  /// The nearest number that `bf16` holds, ties to even.
  package var roundedToBFloat16: Float { Float(bfloat16Bits: bfloat16Bits) }
}
