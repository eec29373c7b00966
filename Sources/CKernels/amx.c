// The bf16 kernels for AMX with bf16 tiles; the row's other kernels are those of AVX-512.
#if defined(__x86_64__)
#include "internal.h"

#pragma clang attribute push( \
    __attribute__((target( \
        "avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,fma,amx-tile,amx-bf16"))), \
    apply_to = function)

#define DTH_WIDTH 16
#define DTH_ROWS 14
#define DTH_VECTORS 2
#define DTH_FMA 1
#define DTH_BF16_DOT 1

#include "rows/vector.h"

#include "rows/bf16.h"
#include "rows/functions.h"
#include "rows/functions_bf16.h"

#include "rows/epilogue_bf16.h"
#include "rows/words_bf16.h"

#include "rows/panels_bf16.h"

#include "rows/tiles.h"

#include "rows/product_amx.h"

#include "rows/matmul_bf16.h"

#include "rows/matmul_amx.h"

#include "rows/heads_bf16.h"
#include "rows/softmax_amx.h"

#include "rows/attention_amx.h"

/// The most multiply-adds that tiles reach, in four independent chains of sums.
static int64_t peak_bf16(int64_t rounds) {
  begin_tiles();
  for (int64_t round = 0; round < rounds; round++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return rounds * 4 * 16 * 16 * 32 * 2;
}

const dth_bf16_kernels dth_kernels_amx = {
    linear_bf16, pack_bf16, matmul_bf16, attention_bf16, peak_bf16};

#pragma clang attribute pop
#endif
