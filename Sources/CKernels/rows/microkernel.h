// The micro-kernel: packed rows times a panel of 32 columns.

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

INLINE void multiply_rows(
    const int rows, int64_t k, const float *a, const float *b, const float *from,
    int64_t from_stride, float *to, int64_t to_stride, const float *next) {
  for (int part = 0; part < DTH_PANEL; part += DTH_VECTORS * DTH_WIDTH) {
    vf sum[DTH_ROWS][DTH_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        sum[r][v] = load(from + r * from_stride + part + v * DTH_WIDTH);
      }
    }
    const float *row = a, *column = b + part, *ahead = next;
    int64_t i = 0;
    _Pragma("clang loop unroll(disable)") for (; i + 2 <= k; i += 2) {
      multiply_step(rows, row, column, sum);
      __builtin_prefetch((const char *)row + DTH_READ_AHEAD);
      multiply_step(rows, row + DTH_PADDED_ROWS, column + DTH_PANEL, sum);
      __builtin_prefetch(ahead, 0, 2);
      ahead += 16;
      row += 2 * DTH_PADDED_ROWS;
      column += 2 * DTH_PANEL;
    }
    if (i < k) multiply_step(rows, row, column, sum);
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        store(to + r * to_stride + part + v * DTH_WIDTH, sum[r][v]);
      }
    }
  }
}

#define DTH_MULTIPLY(count)                                                                     \
  static void multiply_##count(                                                                 \
      int64_t k, const float *a, const float *b, const float *from, int64_t from_stride,        \
      float *to, int64_t to_stride, const float *next) {                                        \
    multiply_rows(count, k, a, b, from, from_stride, to, to_stride, next);                      \
  }

DTH_MULTIPLY(1)
DTH_MULTIPLY(2)
DTH_MULTIPLY(3)
DTH_MULTIPLY(4)
DTH_MULTIPLY(5)
DTH_MULTIPLY(6)
#endif

/// A row of a panel's width to begin sums with.
static const float dth_zeros[DTH_PANEL];

/// to[rows, 32] = from[rows, 32] + the product of `rows` packed rows and a panel.
///
/// The strides are those between rows: 0 where all sums begin with the same row. Each element is
/// one chain of additions in the order of k, whatever `rows` is. Meanwhile k / 2 lines from `next`
/// on are read ahead into the second cache.
INLINE void multiply(
    int64_t rows, int64_t k, const float *a, const float *b, const float *from,
    int64_t from_stride, float *to, int64_t to_stride, const float *next) {
#define DTH_CASE(count) \
  case count: multiply_##count(k, a, b, from, from_stride, to, to_stride, next); break;
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
