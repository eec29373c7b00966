// What the rows and the code common to them share.
#ifndef DTH_INTERNAL_H
#define DTH_INTERNAL_H

#include <float.h>
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "CKernels.h"

/// The most rows of a micro-kernel over all instruction sets, and the widest packed row block.
#define DTH_MAX_BLOCK_ROWS 14

/// The most of k that a product takes at once: so much of a panel, twice, stays in the second cache.
#define DTH_DEPTH 576

/// The packed rows that a thread keeps at once, in floats: with the panels they fit the second cache.
#define DTH_CHUNK_FLOATS (176 * 1024)

/// The panels whose sums wait in memory at once where k is cut.
#define DTH_GROUP_PANELS 32

/// The keys of a tile of the online softmax. Results depend on it.
#define DTH_KEY_TILE 128

/// The panels of 32 queries that share one packing of a tile of keys.
#define DTH_QUERY_PANELS 16

/// The k of a bf16 panel is a multiple of this: the depth of a tile of AMX.
#define DTH_BF16_K 32

/// The rows of a tile of AMX.
#define DTH_TILE_ROWS 16

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

/// How a product is cut: k into `depths` parts of at most `depth`, rows into `blocks`, of which a
/// chunk has at most `chunk_blocks`.
typedef struct {
  int64_t depths, depth, blocks, chunk_blocks;
} dth_product_cut;

/// The cut of a product of `rows` rows, in blocks of `block_rows` that are packed as `padded_rows`.
static inline dth_product_cut dth_cut_product(
    int64_t rows, int64_t k, int64_t block_rows, int64_t padded_rows) {
  dth_product_cut cut;
  cut.depths = dth_max(1, dth_ceil_div(k, DTH_DEPTH));
  cut.depth = dth_ceil_div(k, cut.depths);
  cut.blocks = dth_ceil_div(rows, block_rows);
  int64_t most = DTH_CHUNK_FLOATS / dth_max(1, padded_rows * cut.depth);
  cut.chunk_blocks = dth_min(cut.blocks, dth_max(1, most));
  return cut;
}

/// The row blocks of `block_bytes` that a chunk of packed rows of bf16 products holds.
static inline int64_t dth_bf16_chunk_blocks(int64_t block_bytes) {
  return dth_max(1, DTH_BF16_CHUNK_BYTES / block_bytes);
}

/// The keys that attention on AMX takes at once, and the panels of queries that share a packing of
/// them. Results depend on the first.
#define DTH_AMX_KEY_TILE 1024
#define DTH_AMX_QUERY_PANELS 32

/// The panels whose scores attention on AMX keeps at once.
#define DTH_AMX_TURNS 3

/// How attention on AMX is cut, and the memory of a thread.
typedef struct {
  /// Tiles of keys, the keys of one in whole panels, steps along the width, panels of the values'
  /// columns, panels of queries.
  int64_t tiles, tile_keys, steps, value_panels, query_panels;
  /// The floats between rows of scores: some more than a tile's keys, so that 16 rows do not meet
  /// in the same lines of the cache.
  int64_t score_stride;
  /// A panel of queries, a tile of keys and of values, a panel's scores.
  int64_t query_bytes, key_bytes, value_bytes, score_floats;
  int64_t total_bytes;
} dth_amx_attention;

static inline dth_amx_attention dth_amx_attention_of(const dth_attention_args *args) {
  dth_amx_attention sizes;
  sizes.tiles = dth_max(1, dth_ceil_div(args->keys, DTH_AMX_KEY_TILE));
  sizes.tile_keys = dth_round_up(dth_ceil_div(args->keys, sizes.tiles), DTH_PANEL);
  sizes.steps = dth_ceil_div(args->width, DTH_BF16_K);
  sizes.value_panels = dth_ceil_div(args->value_width, DTH_PANEL);
  sizes.query_panels = dth_min(dth_ceil_div(args->queries, DTH_PANEL), DTH_AMX_QUERY_PANELS);
  sizes.score_stride = sizes.tile_keys + DTH_TILE_ROWS;
  sizes.query_bytes = DTH_PANEL * sizes.steps * DTH_BF16_K * 2;
  sizes.key_bytes = sizes.tile_keys * sizes.steps * DTH_BF16_K * 2;
  sizes.value_bytes = sizes.tile_keys * sizes.value_panels * DTH_PANEL * 2;
  sizes.score_floats = DTH_PANEL * sizes.score_stride;
  int64_t results = sizes.tiles == 1 ? 0 : sizes.value_panels * DTH_PANEL;
  int64_t state = sizes.query_panels * DTH_PANEL * (2 + results);
  sizes.total_bytes = sizes.query_bytes + sizes.key_bytes + sizes.value_bytes +
                      4 * (DTH_AMX_TURNS * (sizes.score_floats + DTH_PANEL) + state);
  return sizes;
}

/// What sets a row with bf16 instructions apart from `avx512`.
typedef struct {
  dth_kernel linear_bf16, attention_bf16;
  dth_peak peak_bf16;
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
extern const dth_bf16_kernels dth_kernels_amx;
#endif
#if defined(__aarch64__)
extern const dth_kernel_row dth_row_neon;
#endif
extern const dth_kernel_row dth_row_portable;

#endif
