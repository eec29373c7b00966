// The row for AVX2 with fused multiply-add.
#if defined(__x86_64__)
#include "internal.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define DTH_ROW avx2
#define DTH_WIDTH 8
#define DTH_ROWS 6
#define DTH_VECTORS 2
#define DTH_CONVOLUTION_ROWS 6
#define DTH_CONVOLUTION_VECTORS 2
#define DTH_FMA 1
#define DTH_BF16_DOT 0

#include "rows/row.h"

#pragma clang attribute pop
#endif
