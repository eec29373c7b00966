// The micro-kernel: packed rows times a panel of 32 columns.

/// to[rows, 32] = gate * (from[rows, 32] + A · B) + residual[rows, 32].
///
/// Element (r, i) of A is at `a[i * a_stride + r]`; B is a panel [k][32]. The other strides are
/// those between rows, 0 where one row serves all. Without a gate there is no residual either.
/// Meanwhile k / 2 lines from `next` on are read ahead into the second cache.
typedef struct {
  int64_t k;
  const float *a;
  int64_t a_stride;
  const float *b;
  const float *from;
  int64_t from_stride;
  const float *gate;
  const float *residual;
  int64_t residual_stride;
  float *to;
  int64_t to_stride;
  const float *next;
} tile_product;

#if DTH_WIDTH == 16
#include "microkernel_avx512.h"
#else

/// The bytes by which the micro-kernel reads ahead into the first cache.
#define DTH_READ_AHEAD 512

/// One step along k: a column of the packed rows times a row of the panel.
INLINE void multiply_step(
    const int rows, const float *row, const float *column, vf sum[DTH_ROWS][DTH_VECTORS]) {
  vf w[DTH_VECTORS];
  UNROLL for (int v = 0; v < DTH_VECTORS; v++) w[v] = load(column + v * DTH_WIDTH);
  __builtin_prefetch((const char *)column + DTH_READ_AHEAD);
  UNROLL for (int r = 0; r < rows; r++) {
    vf x = row[r];
    UNROLL for (int v = 0; v < DTH_VECTORS; v++) sum[r][v] = multiply_add(x, w[v], sum[r][v]);
  }
}

INLINE void multiply_rows(const int rows, const tile_product *of) {
  for (int part = 0; part < DTH_PANEL; part += DTH_VECTORS * DTH_WIDTH) {
    vf sum[DTH_ROWS][DTH_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        sum[r][v] = load(of->from + r * of->from_stride + part + v * DTH_WIDTH);
      }
    }
    const float *row = of->a, *column = of->b + part, *ahead = of->next;
    int64_t stride = of->a_stride, i = 0;
    _Pragma("clang loop unroll(disable)") for (; i + 2 <= of->k; i += 2) {
      multiply_step(rows, row, column, sum);
      __builtin_prefetch(row + 8 * stride);
      multiply_step(rows, row + stride, column + DTH_PANEL, sum);
      __builtin_prefetch(ahead, 0, 2);
      ahead += 16;
      row += 2 * stride;
      column += 2 * DTH_PANEL;
    }
    if (i < of->k) multiply_step(rows, row, column, sum);
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        int column = part + v * DTH_WIDTH;
        vf x = sum[r][v];
        if (of->gate != NULL) {
          const float *residual = of->residual + r * of->residual_stride + column;
          x = multiply_add(load(of->gate + column), x, load(residual));
        }
        store(of->to + r * of->to_stride + column, x);
      }
    }
  }
}

#define DTH_MULTIPLY(count) \
  static void multiply_##count(const tile_product *of) { multiply_rows(count, of); }

DTH_MULTIPLY(1)
DTH_MULTIPLY(2)
DTH_MULTIPLY(3)
DTH_MULTIPLY(4)
DTH_MULTIPLY(5)
DTH_MULTIPLY(6)
#endif

/// Rows of a panel's width.
static const float dth_zeros[DTH_PANEL];
static const float dth_ones[DTH_PANEL] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/// Makes `rows` rows, at most DTH_ROWS.
///
/// Each element is one chain of additions in the order of k, whatever `rows` is.
static void multiply(int64_t rows, const tile_product *of) {
#define DTH_CASE(count) \
  case count: multiply_##count(of); break;
  switch (rows) {
    DTH_CASE(1) DTH_CASE(2) DTH_CASE(3) DTH_CASE(4) DTH_CASE(5) DTH_CASE(6)
#if DTH_ROWS == 14
    DTH_CASE(7) DTH_CASE(8) DTH_CASE(9) DTH_CASE(10) DTH_CASE(11) DTH_CASE(12) DTH_CASE(13)
    DTH_CASE(14)
#endif
    default: break;
  }
#undef DTH_CASE
}
