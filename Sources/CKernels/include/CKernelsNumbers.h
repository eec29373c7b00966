// Random numbers and the conversion of stored ones; a part of CKernels.h.
#ifndef DTH_CKERNELS_NUMBERS_H
#define DTH_CKERNELS_NUMBERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
void dth_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]);

/// Standard normal numbers: elements `first_element ..< first_element + count` of a stream.
///
/// An element depends on seed, stream and its index alone. Element i comes from word i % 4 of the
/// Philox block of counter {i / 4, stream}, words 0 and 1 and words 2 and 3 each making a pair by
/// Box and Muller's formula, in double precision by operations that IEEE 754 defines to the bit:
/// the same bytes on every machine. |result| < 6.8.
void dth_philox_normal(
    uint64_t seed, uint64_t stream, uint64_t first_element, float *out, int64_t count);

/// Uniform numbers in [0, 1), multiples of 2^-24; indexed as `dth_philox_normal`.
void dth_philox_uniform(
    uint64_t seed, uint64_t stream, uint64_t first_element, float *out, int64_t count);

/// IEEE 754 half precision to single, exactly. `source` may be unaligned.
void dth_f16_to_f32(const void *source, float *out, int64_t count);

/// bfloat16 to single, exactly. `source` may be unaligned.
void dth_bf16_to_f32(const void *source, float *out, int64_t count);

#ifdef __cplusplus
}
#endif

#endif
