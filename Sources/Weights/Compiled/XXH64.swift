/// The XXH64 checksum of some bytes, with seed 0.
///
/// - Source: Collet, "xxHash fast digest algorithm", XXH64,
///   https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
package func xxh64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  let end = bytes.count
  var offset = 0
  var hash: UInt64
  if end >= 32 {
    var lanes = (prime1 &+ prime2, prime2, 0 as UInt64, 0 &- prime1)
    while offset + 32 <= end {
      lanes.0 = mixed(lanes.0, word64(bytes, offset))
      lanes.1 = mixed(lanes.1, word64(bytes, offset + 8))
      lanes.2 = mixed(lanes.2, word64(bytes, offset + 16))
      lanes.3 = mixed(lanes.3, word64(bytes, offset + 24))
      offset += 32
    }
    hash =
      rotated(lanes.0, 1) &+ rotated(lanes.1, 7) &+ rotated(lanes.2, 12) &+ rotated(lanes.3, 18)
    hash = merged(hash, lanes.0)
    hash = merged(hash, lanes.1)
    hash = merged(hash, lanes.2)
    hash = merged(hash, lanes.3)
  } else {
    hash = prime5
  }
  hash &+= UInt64(end)
  while offset + 8 <= end {
    hash = rotated(hash ^ mixed(0, word64(bytes, offset)), 27) &* prime1 &+ prime4
    offset += 8
  }
  if offset + 4 <= end {
    let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    hash = rotated(hash ^ (UInt64(word) &* prime1), 23) &* prime2 &+ prime3
    offset += 4
  }
  while offset < end {
    hash = rotated(hash ^ (UInt64(bytes[offset]) &* prime5), 11) &* prime1
    offset += 1
  }
  hash = (hash ^ (hash >> 33)) &* prime2
  hash = (hash ^ (hash >> 29)) &* prime3
  return hash ^ (hash >> 32)
}

private let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
private let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
private let prime3: UInt64 = 0x1656_67b1_9e37_79f9
private let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
private let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

@inline(__always)
private func word64(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
  UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
}

@inline(__always)
private func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
  value << count | value >> (64 - count)
}

/// A lane with eight further bytes.
@inline(__always)
private func mixed(_ lane: UInt64, _ word: UInt64) -> UInt64 {
  rotated(lane &+ word &* prime2, 31) &* prime1
}

@inline(__always)
private func merged(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
  (hash ^ mixed(0, lane)) &* prime1 &+ prime4
}
