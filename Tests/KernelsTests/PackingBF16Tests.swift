import CKernels
import Testing

@Suite struct PackingBF16Tests {
  @Test func `pairs along k are neighbours, and the rest is zero`() {
    for (n, k) in [(1, 1), (33, 5), (40, 64), (64, 33)] {
      let weight = numbers(n * k, seed: 7)
      let depth = (k + 31) / 32 * 32
      for transposed in [false, true] {
        let packed = packedBF16(weight, n: n, k: k, transposed: transposed)
        #expect(packed.count == (n + 31) / 32 * 32 * depth)
        for panel in 0..<(n + 31) / 32 {
          for i in 0..<depth {
            for c in 0..<32 {
              let column = panel * 32 + c
              let value =
                column < n && i < k ? weight[transposed ? i * n + column : column * k + i] : 0
              let index = ((panel * depth / 2 + i / 2) * 32 + c) * 2 + i % 2
              #expect(packed[index] == widened(roundedToBF16(value)))
            }
          }
        }
      }
    }
  }

  @Test func `rounding is to nearest, ties to even, and keeps NaN and infinity`() {
    let cases: [(UInt32, UInt16)] = [
      (0x3F80_0000, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81), (0x3F81_8000, 0x3F82),
      (0x7F7F_FFFF, 0x7F80), (0x7F80_0000, 0x7F80), (0xFF80_0000, 0xFF80), (0x7F80_0001, 0x7FC0),
      (0xFFFF_FFFF, 0xFFFF), (0x8000_0000, 0x8000),
    ]
    for (bits, expected) in cases {
      let packed = packedBF16([Float(bitPattern: bits)], n: 1, k: 1)
      #expect(packed.raw.load(as: UInt16.self) == expected)
    }
  }
}
