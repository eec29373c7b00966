// The row for AVX-512.
#if defined(__x86_64__)
#include "internal.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)

#define DTH_ROW avx512
#define DTH_WIDTH 16
#define DTH_ROWS 14
#define DTH_VECTORS 2
#define DTH_CONVOLUTION_ROWS 8
#define DTH_CONVOLUTION_VECTORS 3
#define DTH_FMA 1
#define DTH_BF16_DOT 0

#include "rows/row.h"

#pragma clang attribute pop
#endif
