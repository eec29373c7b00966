// What the rows and the code common to them share.
#ifndef DTH_INTERNAL_H
#define DTH_INTERNAL_H

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "CKernels.h"

/// The most rows of a micro-kernel over all instruction sets, and the widest packed row block.
#define DTH_MAX_BLOCK_ROWS 14

/// The most of k that a product takes at once: so much of a panel, twice, stays in the second
/// cache.
#define DTH_DEPTH 1536

/// The same where panels are packed anew for every chunk of rows: the chunks are longer then.
#define DTH_UNPACKED_DEPTH 320

/// The packed rows that a thread keeps at once, in floats: with the panels they fit the second
/// cache.
#define DTH_CHUNK_FLOATS (144 * 1024)

/// The panels whose sums wait in memory at once where k is cut.
#define DTH_GROUP_PANELS 32

/// The same where panels are packed anew: they lie in the second cache beside the rows.
#define DTH_UNPACKED_PANELS 12

/// The pieces that a thread's share of a product is cut into, about.
#define DTH_SHARE_PIECES 24

/// The keys of a tile of the online softmax. Results depend on it.
#define DTH_KEY_TILE 128

/// The panels of 32 queries that share one packing of a tile of keys, at most.
#define DTH_QUERY_PANELS 16

/// The least of them that are worth a packing.
#define DTH_LEAST_QUERY_PANELS 4

/// The pieces that a thread's share of the heads is cut into, about.
#define DTH_SHARE_HEADS 8

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

/// A walk over the pieces of shares: first those of a thread's own, then what is left of the
/// others'.
typedef struct {
  dth_claim *claims;
  int32_t thread, thread_count;
  /// The thread whose share the pieces are of, from this thread on in a circle.
  int32_t distance;
  /// The next piece, where there are no claims.
  int64_t next;
} dth_walk;

struct dth_claim {
  _Alignas(DTH_CLAIM_BYTES) _Atomic int64_t pieces;
};

/// A walk of a thread, at its own share.
static inline dth_walk dth_walk_of(dth_claim *claims, int32_t thread, int32_t thread_count) {
  return (dth_walk){
      .claims = claims, .thread = thread, .thread_count = thread_count, .distance = 0};
}

/// The thread whose share the walk is at; -1 at the end.
static inline int32_t dth_walk_owner(const dth_walk *walk) {
  int32_t count = walk->claims == NULL ? 1 : walk->thread_count;
  if (walk->distance >= count) return -1;
  return (walk->thread + walk->distance) % walk->thread_count;
}

/// Claims a piece of the owner's share, which has `count`; -1 if none is left.
static inline int64_t dth_claim_piece(dth_walk *walk, int64_t count) {
  dth_claim *claim = walk->claims == NULL ? NULL : &walk->claims[dth_walk_owner(walk)];
  // The order of memory is the barrier's business: nobody reads what the others write in a call.
  int64_t piece =
      claim == NULL ? walk->next++
                    : atomic_fetch_add_explicit(&claim->pieces, 1, memory_order_relaxed);
  if (piece < count) return piece;
  walk->distance++;
  return -1;
}

/// A walk over pieces of the panels of queries of all heads in a row.
typedef struct {
  dth_walk walk;
  int64_t total, head_panels, most;
} dth_query_walk;

/// A walk of a thread over `heads` heads of `head_panels` panels each.
///
/// A piece ends where a head ends. It has so few panels that a share has several pieces, and so
/// many that packing a head's keys costs little.
static inline dth_query_walk dth_query_walk_of(
    dth_claim *claims, int32_t thread, int32_t thread_count, int64_t heads, int64_t head_panels) {
  int64_t total = heads * head_panels;
  int64_t wanted = dth_ceil_div(total, thread_count * DTH_SHARE_HEADS);
  int64_t most = dth_min(DTH_QUERY_PANELS, dth_max(wanted, DTH_LEAST_QUERY_PANELS));
  return (dth_query_walk){
      .walk = dth_walk_of(claims, thread, thread_count),
      .total = total,
      .head_panels = head_panels,
      // As equal as can be.
      .most = dth_max(1, dth_ceil_div(head_panels, dth_max(1, dth_ceil_div(head_panels, most))))};
}

/// The panels of the next piece, all of one head.
typedef struct {
  int64_t head, panel, count;
} dth_query_piece;

/// The next piece; one without panels at the end.
static inline dth_query_piece dth_next_query_piece(dth_query_walk *of) {
  for (int32_t owner; (owner = dth_walk_owner(&of->walk)) >= 0;) {
    int64_t begin = dth_part(of->total, owner, of->walk.thread_count);
    int64_t end = dth_part(of->total, owner + 1, of->walk.thread_count);
    // The panels of a piece are those that share a head and a place among its pieces.
    int64_t head_pieces = dth_ceil_div(of->head_panels, of->most);
    int64_t first = begin / of->head_panels * head_pieces +
                    begin % of->head_panels / of->most;
    int64_t last = end == begin ? first - 1
                                : (end - 1) / of->head_panels * head_pieces +
                                      (end - 1) % of->head_panels / of->most;
    int64_t piece = dth_claim_piece(&of->walk, last - first + 1);
    if (piece < 0) continue;
    int64_t head = (first + piece) / head_pieces;
    int64_t start = head * of->head_panels + (first + piece) % head_pieces * of->most;
    int64_t stop = dth_min(start + of->most, (head + 1) * of->head_panels);
    start = dth_max(start, begin);
    stop = dth_min(stop, end);
    return (dth_query_piece){head, start - head * of->head_panels, stop - start};
  }
  return (dth_query_piece){0, 0, 0};
}

/// Rows cut into blocks of the micro-kernel, as equal as can be, the larger ones first: equal ones
/// in a row are what a processor foresees.
typedef struct {
  int64_t count, rows, larger;
} dth_blocks;

static inline dth_blocks dth_cut_rows(int64_t rows, int64_t block_rows) {
  int64_t count = dth_max(1, dth_ceil_div(rows, block_rows));
  return (dth_blocks){count, rows / count, rows % count};
}

/// The first row of a block; that behind the last is the number of rows.
static inline int64_t dth_block_begin(const dth_blocks *blocks, int64_t block) {
  return block * blocks->rows + dth_min(block, blocks->larger);
}

static inline int64_t dth_block_rows(const dth_blocks *blocks, int64_t block) {
  return blocks->rows + (block < blocks->larger ? 1 : 0);
}

/// How a product is cut: k into `depths` parts of at most `depth`, rows into blocks, of which a
/// chunk has at most `chunk_blocks`.
typedef struct {
  int64_t depths, depth, chunk_blocks;
  dth_blocks blocks;
} dth_product_cut;

/// The cut of a product of `rows` rows, in blocks of `block_rows` that are packed as `padded_rows`.
static inline dth_product_cut dth_cut_product(
    int64_t rows, int64_t k, int64_t block_rows, int64_t padded_rows, bool has_panels) {
  dth_product_cut cut;
  cut.depths = dth_max(1, dth_ceil_div(k, has_panels ? DTH_DEPTH : DTH_UNPACKED_DEPTH));
  cut.depth = dth_ceil_div(k, cut.depths);
  cut.blocks = dth_cut_rows(rows, block_rows);
  int64_t most = DTH_CHUNK_FLOATS / dth_max(1, padded_rows * cut.depth);
  cut.chunk_blocks = dth_min(cut.blocks.count, dth_max(1, most));
  return cut;
}

/// The row blocks of `block_bytes` that a chunk of packed rows of bf16 products holds.
static inline int64_t dth_bf16_chunk_blocks(int64_t block_bytes) {
  return dth_max(1, DTH_BF16_CHUNK_BYTES / block_bytes);
}

/// The scores that the gradient of attention keeps at once. Results depend on it.
#define DTH_GRADIENT_SCORES 65536

/// The queries whose scores the gradient of attention keeps at once.
static inline int64_t dth_gradient_queries(const dth_attention_gradient_args *args) {
  return dth_min(args->queries, dth_max(DTH_PANEL, DTH_GRADIENT_SCORES / args->keys));
}

/// The keys that attention on AMX takes at once. Results depend on it.
#define DTH_AMX_KEY_TILE 1024

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
  sizes.query_panels = dth_min(dth_ceil_div(args->queries, DTH_PANEL), DTH_QUERY_PANELS);
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
  dth_kernel linear_bf16, pack_bf16, matmul_bf16, attention_bf16;
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

/// How a convolution by tiles of 2 x 2 pixels is cut.
typedef struct {
  /// The tiles of a rectangle: rows, columns (a multiple of 16 for all but the last rectangle of a
  /// row), and the room for them.
  int64_t rows, columns, tiles;
  /// The room for the even or the odd columns of a row of the input.
  int64_t pitch;
  /// The parts of the channels whose weights are transformed at once, and the most channels of one.
  int64_t slices, slice_channels;
} dth_winograd_block;

/// Whether a convolution is one whose tiles are worth their transformation.
bool dth_convolves_by_tiles(const dth_convolution_args *arguments);

dth_winograd_block dth_winograd_block_of(const dth_convolution_args *arguments);

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
