// The bf16 kernels for AVX512_BF16; the row's other kernels are those of AVX-512.
#if defined(__x86_64__)
#include "internal.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,fma"))), \
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

#include "rows/product_bf16.h"

#include "rows/matmul_bf16.h"

#include "rows/matmul_words.h"

#include "rows/heads_bf16.h"

#include "rows/attention_bf16.h"

#include "rows/peak.h"

const dth_bf16_kernels dth_kernels_avx512_bf16 = {
    linear_bf16, pack_bf16, matmul_bf16, attention_bf16, peak};

#pragma clang attribute pop
#endif
