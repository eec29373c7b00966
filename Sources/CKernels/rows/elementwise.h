// A straight line of element-wise steps, interpreted a tile at a time.

/// The elements of a tile; a step's results stay in the first cache.
#define DTH_TILE 512

/// Applies `expression` of `x` to every element; `out` may be `lhs`.
#define DTH_UNARY_LOOP(expression)                         \
  do {                                                     \
    int64_t i = 0;                                         \
    for (; i + DTH_WIDTH <= count; i += DTH_WIDTH) {       \
      vf x = load(lhs + i);                                \
      store(out + i, (expression));                        \
    }                                                      \
    if (i < count) {                                       \
      vf x = load_part(lhs + i, count - i);                \
      store_part(out + i, (expression), count - i);        \
    }                                                      \
  } while (0)

/// Applies `expression` of `x` and `y`; `out` may be either operand.
#define DTH_BINARY_LOOP(expression)                        \
  do {                                                     \
    int64_t i = 0;                                         \
    for (; i + DTH_WIDTH <= count; i += DTH_WIDTH) {       \
      vf x = load(lhs + i), y = load(rhs + i);             \
      store(out + i, (expression));                        \
    }                                                      \
    if (i < count) {                                       \
      vf x = load_part(lhs + i, count - i);                \
      vf y = load_part(rhs + i, count - i);                \
      store_part(out + i, (expression), count - i);        \
    }                                                      \
  } while (0)

static void execute_step(
    dth_op op, const float *lhs, const float *rhs, float *out, int64_t count) {
  switch (op) {
    case DTH_COPY: memmove(out, lhs, (size_t)count * sizeof(float)); break;
    case DTH_NEGATE: DTH_UNARY_LOOP(-x); break;
    case DTH_EXP: DTH_UNARY_LOOP(exponential(x)); break;
    case DTH_SQRT: DTH_UNARY_LOOP(__builtin_elementwise_sqrt(x)); break;
    case DTH_RSQRT: DTH_UNARY_LOOP(1.0f / __builtin_elementwise_sqrt(x)); break;
    case DTH_SIN:
      for (int64_t i = 0; i < count; i++) out[i] = sinf(lhs[i]);
      break;
    case DTH_COS:
      for (int64_t i = 0; i < count; i++) out[i] = cosf(lhs[i]);
      break;
    case DTH_TANH: DTH_UNARY_LOOP(hyperbolic_tangent(x)); break;
    case DTH_SIGMOID: DTH_UNARY_LOOP(sigmoid(x)); break;
    case DTH_FLOOR: DTH_UNARY_LOOP(__builtin_elementwise_floor(x)); break;
    case DTH_STEP: DTH_UNARY_LOOP(x > 0.0f ? (vf)1.0f : (vf)0.0f); break;
    case DTH_RELU: DTH_UNARY_LOOP(relu(x)); break;
    case DTH_GELU: DTH_UNARY_LOOP(gelu(x)); break;
    case DTH_GELU_TANH: DTH_UNARY_LOOP(gelu_tanh(x)); break;
    case DTH_GELU_TANH_SLOPE: DTH_UNARY_LOOP(gelu_tanh_slope(x)); break;
    case DTH_GELU_QUICK: DTH_UNARY_LOOP(gelu_quick(x)); break;
    case DTH_SILU: DTH_UNARY_LOOP(silu(x)); break;
    case DTH_ADD: DTH_BINARY_LOOP(x + y); break;
    case DTH_SUBTRACT: DTH_BINARY_LOOP(x - y); break;
    case DTH_MULTIPLY: DTH_BINARY_LOOP(x * y); break;
    case DTH_DIVIDE: DTH_BINARY_LOOP(x / y); break;
    case DTH_MAXIMUM: DTH_BINARY_LOOP(maximum(x, y)); break;
    case DTH_MINIMUM: DTH_BINARY_LOOP(minimum(x, y)); break;
  }
}

/// A tile of the result: `rows` rows of the innermost axis from the one at `index`, and `columns`
/// of their columns from `column`. More than one row only where the columns are all.
typedef struct {
  int64_t index[DTH_MAX_RANK];
  int64_t rows, column, columns;
} tile_position;

/// The offset of row `row` of the tile, counted from `index`, which it advances to the next row.
INLINE int64_t next_row(const dth_elementwise_args *args, const int64_t *strides, int64_t *index) {
  int64_t offset = 0;
  for (int axis = 0; axis < args->rank - 1; axis++) offset += index[axis] * strides[axis];
  for (int axis = args->rank - 2; axis >= 0; axis--) {
    if (++index[axis] < args->dims[axis]) break;
    index[axis] = 0;
  }
  return offset;
}

/// Copies a tile of an operand to contiguous elements.
static void load_tile(
    const dth_elementwise_args *args, const int64_t *strides, const tile_position *at,
    const float *base, float *out) {
  int64_t index[DTH_MAX_RANK];
  memcpy(index, at->index, sizeof index);
  int64_t stride = args->rank == 0 ? 0 : strides[args->rank - 1];
  for (int64_t row = 0; row < at->rows; row++, out += at->columns) {
    const float *from = base + next_row(args, strides, index) + at->column * stride;
    if (stride == 1) {
      for (int64_t c = 0; c < at->columns; c++) out[c] = from[c];
    } else if (stride == 0) {
      float value = from[0];
      for (int64_t c = 0; c < at->columns; c++) out[c] = value;
    } else {
      for (int64_t c = 0; c < at->columns; c++) out[c] = from[c * stride];
    }
  }
}

/// Rounds contiguous elements.
static void store_rounded(const float *from, uint16_t *to, int64_t count) {
  int64_t i = 0;
  for (; i + DTH_WIDTH <= count; i += DTH_WIDTH) store_bf16(to + i, load(from + i));
  if (i < count) store_part_bf16(to + i, load_part(from + i, count - i), count - i);
}

/// Copies contiguous elements to a tile of the result.
static void store_strided(
    const dth_elementwise_args *args, const tile_position *at, const float *from, void *result) {
  int64_t index[DTH_MAX_RANK];
  memcpy(index, at->index, sizeof index);
  int64_t stride = args->rank == 0 ? 0 : args->result_strides[args->rank - 1];
  for (int64_t row = 0; row < at->rows; row++, from += at->columns) {
    int64_t offset = next_row(args, args->result_strides, index) + at->column * stride;
    if (args->result_element == DTH_BF16) {
      uint16_t *to = (uint16_t *)result + offset;
      for (int64_t c = 0; c < at->columns; c++) to[c * stride] = dth_to_bf16(from[c]);
      continue;
    }
    float *to = (float *)result + offset;
    if (stride == 1) {
      for (int64_t c = 0; c < at->columns; c++) to[c] = from[c];
    } else {
      for (int64_t c = 0; c < at->columns; c++) to[c * stride] = from[c];
    }
  }
}

/// Whether an operand's elements follow each other in the order of the result.
static bool is_contiguous(const dth_elementwise_args *args, const int64_t *strides) {
  int64_t expected = 1;
  for (int axis = args->rank - 1; axis >= 0; axis--) {
    if (args->dims[axis] != 1 && strides[axis] != expected) return false;
    expected *= args->dims[axis];
  }
  return true;
}

/// Where a tile's elements lie in memory if they follow each other there, else -1.
INLINE int64_t direct_offset(
    const dth_elementwise_args *args, const int64_t *strides, bool contiguous,
    const tile_position *at) {
  bool unit = args->rank == 0 || strides[args->rank - 1] == 1 || at->columns == 1;
  if (!contiguous && (at->rows != 1 || !unit)) return -1;
  int64_t offset = args->rank == 0 ? 0 : at->column * strides[args->rank - 1];
  for (int axis = 0; axis < args->rank - 1; axis++) offset += at->index[axis] * strides[axis];
  return offset;
}

static void elementwise(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_elementwise_args *args = arguments;
  int rank = args->rank;
  int64_t inner = rank == 0 ? 1 : args->dims[rank - 1];
  int64_t rows = 1;
  for (int axis = 0; axis < rank - 1; axis++) rows *= args->dims[axis];
  // Either several whole rows make a tile, or several tiles a row.
  int64_t pieces = dth_ceil_div(inner, DTH_TILE);
  int64_t rows_of_tile = dth_max(1, DTH_TILE / inner);
  int64_t tiles = dth_ceil_div(rows, rows_of_tile) * pieces;

  bool result_contiguous = is_contiguous(args, args->result_strides);
  bool contiguous[DTH_MAX_INPUTS];
  for (int i = 0; i < args->input_count; i++) {
    contiguous[i] = is_contiguous(args, args->input_strides[i]);
  }
  _Alignas(64) float inputs[DTH_MAX_INPUTS][DTH_TILE];
  _Alignas(64) float results[DTH_MAX_STEPS][DTH_TILE];
  int64_t end = dth_part(tiles, thread + 1, thread_count);
  for (int64_t tile = dth_part(tiles, thread, thread_count); tile < end; tile++) {
    tile_position at;
    int64_t piece = tile % pieces;
    int64_t row = tile / pieces * rows_of_tile;
    at.rows = dth_min(rows_of_tile, rows - row);
    at.column = dth_part(inner, piece, pieces);
    at.columns = dth_part(inner, piece + 1, pieces) - at.column;
    int64_t rest = row;
    for (int axis = rank - 2; axis >= 0; axis--) {
      at.index[axis] = rest % args->dims[axis];
      rest /= args->dims[axis];
    }
    const float *tiles_of[DTH_MAX_INPUTS];
    for (int i = 0; i < args->input_count; i++) {
      const float *base = operands[1 + i];
      int64_t offset = direct_offset(args, args->input_strides[i], contiguous[i], &at);
      if (offset >= 0) {
        tiles_of[i] = base + offset;
      } else {
        load_tile(args, args->input_strides[i], &at, base, inputs[i]);
        tiles_of[i] = inputs[i];
      }
    }
    int64_t direct = direct_offset(args, args->result_strides, result_contiguous, &at);
    int64_t count = at.rows * at.columns;
    bool rounds = args->result_element == DTH_BF16;
    const float *made = results[args->step_count - 1];
    for (int s = 0; s < args->step_count; s++) {
      const dth_step *step = &args->steps[s];
      bool binary = step->op >= DTH_ADD;
      const float *lhs = step->lhs >= 0 ? tiles_of[step->lhs] : results[-(step->lhs + 1)];
      const float *rhs =
          !binary ? NULL : step->rhs >= 0 ? tiles_of[step->rhs] : results[-(step->rhs + 1)];
      // The last step alone writes to the result, which may be an input at the same elements.
      bool last = s == args->step_count - 1;
      if (last && rounds && step->op == DTH_COPY) {
        made = lhs;
        break;
      }
      float *out = last && direct >= 0 && !rounds ? (float *)operands[0] + direct : results[s];
      execute_step((dth_op)step->op, lhs, rhs, out, count);
    }
    if (direct < 0) {
      store_strided(args, &at, made, operands[0]);
    } else if (rounds) {
      store_rounded(made, (uint16_t *)operands[0] + direct, count);
    }
  }
}
