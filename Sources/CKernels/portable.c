// The row for the target's baseline: vectors of four, which every processor with vectors has.
#include "internal.h"

#define DTH_ROW portable
#define DTH_WIDTH 4
#define DTH_ROWS 6
#define DTH_VECTORS 2
#define DTH_CONVOLUTION_ROWS 4
#define DTH_CONVOLUTION_VECTORS 2
#if defined(__aarch64__)
#define DTH_FMA 1
#else
#define DTH_FMA 0
#endif
#define DTH_BF16_DOT 0

#include "rows/row.h"
