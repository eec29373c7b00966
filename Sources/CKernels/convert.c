// Conversion of stored half-precision elements.
#include <string.h>

#include "CKernels.h"

void dth_f16_to_f32(const void *source, float *out, int64_t count) {
  const unsigned char *bytes = source;
  for (int64_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, bytes + 2 * i, 2);
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13;
    // 2^112 moves the exponent's bias from 15 to 127, and makes subnormal halves normal; infinities
    // and NaNs instead take the largest exponent.
    float scaled;
    memcpy(&scaled, &magnitude, 4);
    scaled *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &scaled, 4);
    bits = (half & 0x7C00) == 0x7C00 ? magnitude | 0x7F800000u : bits;
    bits |= sign;
    memcpy(out + i, &bits, 4);
  }
}

void dth_bf16_to_f32(const void *source, float *out, int64_t count) {
  const unsigned char *bytes = source;
  for (int64_t i = 0; i < count; i++) {
    uint16_t half;
    memcpy(&half, bytes + 2 * i, 2);
    uint32_t bits = (uint32_t)half << 16;
    memcpy(out + i, &bits, 4);
  }
}
