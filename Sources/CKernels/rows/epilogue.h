// What `linear` does to a tile of a product before it stores it.

/// How a product is stored; the fields are those of `dth_linear_args`.
typedef struct {
  float *result;
  int64_t result_stride;
  /// Of a gated unit: of the activated product, and of the other factor.
  const float *bias, *value_bias;
  const float *gate, *residual;
  dth_activation activation;
  int64_t rows_per_gate, gate_stride;
  int64_t rows_per_residual, residual_rows, residual_stride;
} epilogue;

/// Rows of a matrix that serve several rows of the result each, in order and round again.
typedef struct {
  const float *base;
  int64_t stride, count, repeats;
  /// The row now served, and how often it still is.
  int64_t index, left;
} row_cursor;

/// The cursor of the row of the result `row`; `base` may be NULL.
INLINE row_cursor cursor_at(
    const float *base, int64_t stride, int64_t count, int64_t repeats, int64_t row) {
  row_cursor cursor = {base, stride, count, repeats, 0, 0};
  if (base == NULL) return cursor;
  cursor.index = row / repeats % count;
  cursor.left = repeats - row % repeats;
  return cursor;
}

/// The row for the row of the result, which then is the next one.
INLINE const float *next_row_of(row_cursor *cursor) {
  const float *row = cursor->base + cursor->index * cursor->stride;
  if (--cursor->left == 0) {
    cursor->left = cursor->repeats;
    if (++cursor->index == cursor->count) cursor->index = 0;
  }
  return row;
}

/// Applies an activation to a tile [rows, 32] on its way to rows that are `stride` apart.
static void activate_tile(
    const float *tile, int64_t rows, dth_activation activation, float *to, int64_t stride) {
#define DTH_CASE(activation)                                                 \
  case activation:                                                           \
    for (int64_t r = 0; r < rows; r++, tile += DTH_PANEL, to += stride) {    \
      UNROLL for (int v = 0; v < DTH_PANEL; v += DTH_WIDTH) {                \
        store(to + v, activate(load(tile + v), activation));                 \
      }                                                                      \
    }                                                                        \
    break;
  switch (activation) {
    DTH_CASE(DTH_ACTIVATION_NONE)
    DTH_CASE(DTH_ACTIVATION_RELU)
    DTH_CASE(DTH_ACTIVATION_GELU)
    DTH_CASE(DTH_ACTIVATION_GELU_TANH)
    DTH_CASE(DTH_ACTIVATION_GELU_QUICK)
    DTH_CASE(DTH_ACTIVATION_SILU)
    DTH_CASE(DTH_ACTIVATION_SIGMOID)
    DTH_CASE(DTH_ACTIVATION_TANH)
  }
#undef DTH_CASE
}

/// residual + gate * x of whole vectors; absent operands are NULL.
INLINE vf gated(vf x, const float *gate, const float *residual, int64_t c) {
  if (gate == NULL) return residual == NULL ? x : load(residual + c) + x;
  if (residual == NULL) return load(gate + c) * x;
  return multiply_add(load(gate + c), x, load(residual + c));
}

/// The same of the first `count` lanes.
INLINE vf gated_part(
    vf x, const float *gate, const float *residual, int64_t c, int64_t count) {
  if (gate == NULL) return residual == NULL ? x : load_part(residual + c, count) + x;
  vf factor = load_part(gate + c, count);
  if (residual == NULL) return factor * x;
  return multiply_add(factor, x, load_part(residual + c, count));
}

/// Whether the micro-kernel itself makes whole columns of the result of a block of rows from their
/// sums; it is told how.
INLINE bool is_gating(
    const epilogue *how, int64_t row, int64_t rows, int64_t column, tile_product *tile) {
  if (how->activation != DTH_ACTIVATION_NONE) return false;
  row_cursor gates = cursor_at(how->gate, how->gate_stride, INT64_MAX, how->rows_per_gate, row);
  row_cursor residuals = cursor_at(
      how->residual, how->residual_stride, how->residual_rows, how->rows_per_residual, row);
  bool follow = residuals.repeats == 1 && residuals.index + rows <= residuals.count;
  if (how->gate != NULL && gates.left < rows) return false;
  if (how->residual != NULL && !follow && residuals.left < rows) return false;
  if (how->gate != NULL || how->residual != NULL) {
    tile->gate = how->gate == NULL ? dth_ones : next_row_of(&gates) + column;
    tile->residual = how->residual == NULL ? dth_zeros : next_row_of(&residuals) + column;
    tile->residual_stride = how->residual != NULL && follow ? how->residual_stride : 0;
  }
  tile->to = how->result + row * how->result_stride + column;
  tile->to_stride = how->result_stride;
  return true;
}

/// Stores a tile [rows, 32], with its bias, at (row, column) of the result, as far as `columns`
/// reaches.
///
/// `values` is the tile of the other factor of a gated unit, or NULL.
static void store_tile(
    const epilogue *how, float *tile, const float *values, int64_t row, int64_t rows,
    int64_t column, int64_t columns) {
  float *result = how->result + row * how->result_stride + column;
  if (how->activation != DTH_ACTIVATION_NONE) {
    bool is_last =
        columns == DTH_PANEL && values == NULL && how->gate == NULL && how->residual == NULL;
    activate_tile(
        tile, rows, how->activation, is_last ? result : tile,
        is_last ? how->result_stride : DTH_PANEL);
    if (is_last) return;
  }
  if (values != NULL) {
    for (int64_t i = 0; i < rows * DTH_PANEL; i += DTH_WIDTH) {
      store(tile + i, load(tile + i) * load(values + i));
    }
  }
  row_cursor gates = cursor_at(how->gate, how->gate_stride, INT64_MAX, how->rows_per_gate, row);
  row_cursor residuals = cursor_at(
      how->residual, how->residual_stride, how->residual_rows, how->rows_per_residual, row);
  for (int64_t r = 0; r < rows; r++, tile += DTH_PANEL, result += how->result_stride) {
    const float *gate = gates.base == NULL ? NULL : next_row_of(&gates) + column;
    const float *residual = residuals.base == NULL ? NULL : next_row_of(&residuals) + column;
    if (columns == DTH_PANEL) {
      UNROLL for (int c = 0; c < DTH_PANEL; c += DTH_WIDTH) {
        store(result + c, gated(load(tile + c), gate, residual, c));
      }
      continue;
    }
    for (int64_t c = 0; c < columns; c += DTH_WIDTH) {
      int64_t count = dth_min(DTH_WIDTH, columns - c);
      store_part(result + c, gated_part(load(tile + c), gate, residual, c, count), count);
    }
  }
}
