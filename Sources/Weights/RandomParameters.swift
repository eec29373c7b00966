/// Random starting values for parameters.
///
/// Every matrix is normal with variance 1 / fan_in, where fan_in is the product of all extents
/// but the first; every vector is normal with standard deviation 0.02. No element is zero.
///
/// An element depends on the seed, the parameter's name and its own index, and on nothing else:
/// neither the order of calls nor the machine changes it. Only additions, multiplications,
/// divisions and square roots are used, which IEEE 754 defines to the last bit.
struct RandomParameters: Sendable {
  /// The seed.
  let seed: UInt64

  /// Fills a buffer with the elements of a parameter, row-major.
  ///
  /// - Parameter divide: Runs a body once or several times, over ranges that together are
  ///   `0..<count`; several at a time, if it likes.
  func fill(
    _ values: UnsafeMutableBufferPointer<Float>, name: String, dimensions: [Int],
    divide: WorkDivision
  ) {
    let deviation: Double
    if dimensions.count < 2 {
      deviation = 0.02
    } else {
      deviation = 1 / dimensions.dropFirst().reduce(1.0) { $0 * Double($1) }.squareRoot()
    }
    let key = streamKey(seed: seed, name: name)
    // Pairs are written by one call each, and to places of their own.
    nonisolated(unsafe) let shared = values
    divide(values.count / 2) { pairs in
      for pair in pairs {
        let (first, second) = normalPair(key: key, index: UInt64(truncatingIfNeeded: pair))
        shared.initializeElement(at: 2 * pair, to: Float(first * deviation))
        shared.initializeElement(at: 2 * pair + 1, to: Float(second * deviation))
      }
    }
    if values.count % 2 == 1 {
      let pair = values.count / 2
      let (first, _) = normalPair(key: key, index: UInt64(truncatingIfNeeded: pair))
      values.initializeElement(at: 2 * pair, to: Float(first * deviation))
    }
  }
}

/// Divides work: calls a body over ranges that together are `0..<count`, on as many threads as it
/// likes, and returns when all calls have.
package typealias WorkDivision = (_ count: Int, _ body: @Sendable (Range<Int>) -> Void) -> Void

/// The start of a parameter's stream: the seed, mixed, and the hash of the name, mixed.
private func streamKey(seed: UInt64, name: String) -> UInt64 {
  mixed(stableHash(of: name) ^ mixed(seed &+ goldenGamma))
}

private let goldenGamma: UInt64 = 0x9e37_79b9_7f4a_7c15

/// The output function of SplitMix64.
///
/// - Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
@inline(__always)
private func mixed(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z >> 31)
}

/// Two independent standard normal numbers, neither of them zero.
///
/// - Source: Box, Muller, "A Note on the Generation of Random Normal Deviates" (1958).
@inline(__always)
private func normalPair(key: UInt64, index: UInt64) -> (Double, Double) {
  let bits = mixed(key &+ (index &+ 1) &* goldenGamma)
  // Half a unit is added so that the radius is never zero and the logarithm never infinite.
  let uniform = (Double(UInt32(truncatingIfNeeded: bits >> 32)) + 0.5) * 0x1p-32
  let radius = (-2 * naturalLogarithm(uniform)).squareRoot()
  // Two bits choose a quadrant, thirty an angle within an eighth of a turn to either side.
  let step = Double(UInt32(truncatingIfNeeded: bits) & 0x3fff_ffff) + 0.5
  let (sine, cosine) = sineAndCosine((step * 0x1p-30 - 0.5) * (Double.pi / 2))
  let (x, y) = (radius * cosine, radius * sine)
  let swapsAxes = bits & 0x4000_0000 != 0
  let turnsBack = bits & 0x8000_0000 != 0
  let a = swapsAxes ? -y : x
  let b = swapsAxes ? x : y
  return turnsBack ? (-a, -b) : (a, b)
}

/// The natural logarithm of a positive normal number, to about 1e-13 of its value.
///
/// `ln(2^e m) = e ln 2 + 2 artanh((m - 1) / (m + 1))`, with `m` between the square roots of 1/2
/// and 2 and eight terms of the series.
@inline(__always)
private func naturalLogarithm(_ value: Double) -> Double {
  // Subtracting the bits of sqrt(1/2) makes the exponent field change where m would pass sqrt(2).
  let offset = value.bitPattern &- 0x3fe6_a09e_667f_3bcd
  let exponent = Int64(bitPattern: offset) >> 52
  let m = Double(bitPattern: value.bitPattern &- UInt64(bitPattern: exponent) << 52)
  let s = (m - 1) / (m + 1)
  let q = s * s
  var series = 1.0 / 15
  series = series * q + 1.0 / 13
  series = series * q + 1.0 / 11
  series = series * q + 1.0 / 9
  series = series * q + 1.0 / 7
  series = series * q + 1.0 / 5
  series = series * q + 1.0 / 3
  series = series * q + 1
  return Double(exponent) * 0.693_147_180_559_945_3 + 2 * s * series
}

/// Sine and cosine of an angle of at most a quarter of pi, by their Taylor series to 1e-13.
@inline(__always)
private func sineAndCosine(_ x: Double) -> (sine: Double, cosine: Double) {
  let q = x * x
  var sine = 1.0 / 6_227_020_800
  sine = sine * q - 1.0 / 39_916_800
  sine = sine * q + 1.0 / 362_880
  sine = sine * q - 1.0 / 5_040
  sine = sine * q + 1.0 / 120
  sine = sine * q - 1.0 / 6
  sine = sine * q + 1
  var cosine = -1.0 / 87_178_291_200
  cosine = cosine * q + 1.0 / 479_001_600
  cosine = cosine * q - 1.0 / 3_628_800
  cosine = cosine * q + 1.0 / 40_320
  cosine = cosine * q - 1.0 / 720
  cosine = cosine * q + 1.0 / 24
  cosine = cosine * q - 1.0 / 2
  cosine = cosine * q + 1
  return (x * sine, cosine)
}
