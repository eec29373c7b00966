// What the rows and the code common to them share.
#ifndef DTH_INTERNAL_H
#define DTH_INTERNAL_H

#include <math.h>
#include <string.h>

#include "CKernels.h"

/// The most rows of a micro-kernel over all instruction sets, and the widest packed row block.
#define DTH_MAX_BLOCK_ROWS 14

/// The depth of a block of a product along k: so much of a panel stays in the second cache.
#define DTH_K_BLOCK 4096

/// The packed rows that a thread keeps at once, in floats.
#define DTH_CHUNK_FLOATS (384 * 1024)

/// The keys of a tile of the online softmax. Results depend on it.
#define DTH_KEY_TILE 128

/// The panels of 32 queries that share one packing of a tile of keys.
#define DTH_QUERY_PANELS 16

/// The k of a bf16 panel is a multiple of this: a tile of AMX.
#define DTH_BF16_K 32

/// The bytes of packed rows that a thread keeps at once in a product of bf16.
#define DTH_BF16_CHUNK_BYTES (1280 * 1024)

static inline int64_t dth_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t dth_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t dth_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static inline int64_t dth_round_up(int64_t a, int64_t b) { return dth_ceil_div(a, b) * b; }

/// The bf16 nearest to a float.
static inline uint16_t dth_to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if (x != x) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/// Part `index` of `count` equal parts of `total` begins here.
static inline int64_t dth_part(int64_t total, int64_t index, int64_t count) {
  return total * index / count;
}

/// A rectangle of a batch of products: batch entries, rows and panels of one thread.
typedef struct {
  int64_t batch_begin, batch_end;
  int64_t row_begin, row_end;
  int64_t panel_begin, panel_end;
} dth_share;

/// The share of a thread: the grid of threads over batch, rows and panels whose largest share costs
/// least.
dth_share dth_product_share(
    int64_t batch, int64_t rows, int64_t panels, int32_t thread, int32_t thread_count);

/// The row blocks that a chunk of packed rows holds, `block_floats` being the size of one.
static inline int64_t dth_chunk_blocks(int64_t block_floats) {
  return dth_max(1, DTH_CHUNK_FLOATS / block_floats);
}

/// The row blocks of `block_bytes` that a chunk of packed rows of bf16 products holds.
static inline int64_t dth_bf16_chunk_blocks(int64_t block_bytes) {
  return dth_max(1, DTH_BF16_CHUNK_BYTES / block_bytes);
}

/// What sets a row with bf16 instructions apart from `avx512`.
typedef struct {
  dth_kernel linear_bf16, attention_bf16;
} dth_bf16_kernels;

/// How a convolution is cut: into rectangles of the result, and along channels.
typedef struct {
  /// The extents of a rectangle; columns are a multiple of 16.
  int64_t rows, columns;
  /// The columns of an input row are kept apart by their remainder by the stride, as far as the
  /// kernel reaches.
  int64_t phases;
  /// The floats of one such part of a packed row, and of a packed channel.
  int64_t pitch, plane;
  /// The parts of the channels that are packed one after the other, and the slices of a part.
  int64_t chunks, slices;
  /// The floats of the partial products of a panel.
  int64_t panel_floats;
} dth_convolution_block;

dth_convolution_block dth_convolution_block_of(const dth_convolution_args *arguments);

#if defined(__x86_64__)
extern const dth_kernel_row dth_row_avx2;
extern const dth_kernel_row dth_row_avx512;
extern const dth_bf16_kernels dth_kernels_avx512_bf16;
#endif
#if defined(__aarch64__)
extern const dth_kernel_row dth_row_neon;
#endif
extern const dth_kernel_row dth_row_portable;

#endif
