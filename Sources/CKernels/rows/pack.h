// Packing: rows of a matrix side by side, as the micro-kernels read them.

/// A matrix to pack: by strides, or by offsets of rows and columns where they are not NULL.
typedef struct {
  const float *base;
  int64_t row_stride, column_stride;
  const int32_t *row_offsets, *column_offsets;
} source;

typedef float v8 __attribute__((ext_vector_type(8)));

/// One shuffle of two vectors in every group of four lanes, 4 ..< 8 being those of the second.
#define DTH_LANE(group, i) ((i) / 4 * DTH_WIDTH + 4 * (group) + (i) % 4)
#define DTH_LANES(group, a, b, c, d) \
  DTH_LANE(group, a), DTH_LANE(group, b), DTH_LANE(group, c), DTH_LANE(group, d)
#if DTH_WIDTH == 16
#define DTH_SHUFFLE(x, y, ...)                                                       \
  __builtin_shufflevector(                                                           \
      x, y, DTH_LANES(0, __VA_ARGS__), DTH_LANES(1, __VA_ARGS__),                    \
      DTH_LANES(2, __VA_ARGS__), DTH_LANES(3, __VA_ARGS__))
#elif DTH_WIDTH == 8
#define DTH_SHUFFLE(x, y, ...) \
  __builtin_shufflevector(x, y, DTH_LANES(0, __VA_ARGS__), DTH_LANES(1, __VA_ARGS__))
#else
#define DTH_SHUFFLE(x, y, ...) __builtin_shufflevector(x, y, DTH_LANES(0, __VA_ARGS__))
#endif

/// Four columns of every fourth row, from `rows[0]` on.
INLINE vf load_fours(const float *const *rows, int64_t column) {
#define DTH_FOUR(i) (*(const v4_unaligned *)(rows[4 * (i)] + column))
#if DTH_WIDTH == 4
  return DTH_FOUR(0);
#else
  v8 low = __builtin_shufflevector(DTH_FOUR(0), DTH_FOUR(1), 0, 1, 2, 3, 4, 5, 6, 7);
#if DTH_WIDTH == 8
  return low;
#else
  v8 high = __builtin_shufflevector(DTH_FOUR(2), DTH_FOUR(3), 0, 1, 2, 3, 4, 5, 6, 7);
  return __builtin_shufflevector(
      low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
#endif
#undef DTH_FOUR
}

/// Transposes a vector's width of rows of 4 columns: `to[c * to_stride + r] = rows[r][c]`.
INLINE void transpose_rows(
    const float *const *rows, int64_t column, float *to, int64_t to_stride) {
  vf a = load_fours(rows, column), b = load_fours(rows + 1, column);
  vf c = load_fours(rows + 2, column), d = load_fours(rows + 3, column);
  vf ab_low = DTH_SHUFFLE(a, b, 0, 4, 1, 5), ab_high = DTH_SHUFFLE(a, b, 2, 6, 3, 7);
  vf cd_low = DTH_SHUFFLE(c, d, 0, 4, 1, 5), cd_high = DTH_SHUFFLE(c, d, 2, 6, 3, 7);
  store(to, DTH_SHUFFLE(ab_low, cd_low, 0, 1, 4, 5));
  store(to + to_stride, DTH_SHUFFLE(ab_low, cd_low, 2, 3, 6, 7));
  store(to + 2 * to_stride, DTH_SHUFFLE(ab_high, cd_high, 0, 1, 4, 5));
  store(to + 3 * to_stride, DTH_SHUFFLE(ab_high, cd_high, 2, 3, 6, 7));
}

/// Packs rows `first ..< first + rows` column by column: `out[c * padded + r]`.
///
/// `padded` is a multiple of the vector's width. What lies between `rows` and `padded` is
/// unspecified and only makes results that are dropped.
static void pack_rows(
    const source *from, int64_t first, int64_t rows, int64_t columns, int64_t padded, float *out) {
  if (from->column_offsets != NULL) {
    for (int64_t c = 0; c < columns; c++) {
      const float *column = from->base + from->column_offsets[c];
      for (int64_t r = 0; r < rows; r++) {
        out[c * padded + r] = column[from->row_offsets[first + r]];
      }
    }
    return;
  }
  const float *base = from->base + first * from->row_stride;
  if (from->column_stride == 1) {
    for (int64_t group = 0; group < rows; group += DTH_WIDTH) {
      const float *of[DTH_WIDTH];
      for (int64_t r = 0; r < DTH_WIDTH; r++) {
        of[r] = base + dth_min(group + r, rows - 1) * from->row_stride;
      }
      float *to = out + group;
      int64_t c = 0;
      for (; c + 4 <= columns; c += 4) transpose_rows(of, c, to + c * padded, padded);
      for (; c < columns; c++) {
        for (int64_t r = 0; r < DTH_WIDTH; r++) to[c * padded + r] = of[r][c];
      }
    }
    return;
  }
  for (int64_t c = 0; c < columns; c++) {
    const float *column = base + c * from->column_stride;
    float *to = out + c * padded;
    if (from->row_stride == 1) {
      int64_t r = 0;
      for (; r + DTH_WIDTH <= rows; r += DTH_WIDTH) store(to + r, load(column + r));
      if (r < rows) store(to + r, load_part(column + r, rows - r));
    } else {
      for (int64_t r = 0; r < rows; r++) to[r] = column[r * from->row_stride];
    }
  }
}

/// Packs a weight that the graph computes, in the panels of `linear`.
static void pack(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_pack_args *args = arguments;
  int64_t panels = dth_ceil_div(args->n, DTH_PANEL);
  source rows = {
      operands[1], args->transposed ? 1 : args->k, args->transposed ? args->n : 1, NULL, NULL};
  int64_t end = dth_part(panels, thread + 1, thread_count);
  for (int64_t panel = dth_part(panels, thread, thread_count); panel < end; panel++) {
    float *out = (float *)operands[0] + panel * DTH_PANEL * args->k;
    int64_t first = panel * DTH_PANEL;
    pack_rows(
        &rows, first, dth_min(DTH_PANEL, args->n - first), args->k, DTH_PANEL, out);
  }
}
