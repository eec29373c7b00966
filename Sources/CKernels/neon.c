// The row for arm64: vectors of four with fused multiply-add, in 32 registers.
#if defined(__aarch64__)
#include "internal.h"

#define DTH_ROW neon
#define DTH_WIDTH 4
#define DTH_ROWS 6
#define DTH_VECTORS 4
#define DTH_CONVOLUTION_ROWS 8
#define DTH_CONVOLUTION_VECTORS 3
#define DTH_FMA 1
#define DTH_BF16_DOT 0

#include "rows/row.h"
#endif
