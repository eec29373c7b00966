// Packing and the micro-kernel, from which linear, matmul and attention are made.

/// A matrix to pack: by strides, or by offsets of rows and columns where they are not NULL.
typedef struct {
  const float *base;
  int64_t row_stride, column_stride;
  const int32_t *row_offsets, *column_offsets;
} source;

/// Transposes 4 rows of 4 columns: `to[c * to_stride + r] = rows[r][c]`.
INLINE void transpose_4x4(
    const float *const rows[4], int64_t column, float *to, int64_t to_stride) {
  store_transposed(
      *(const v4_unaligned *)(rows[0] + column), *(const v4_unaligned *)(rows[1] + column),
      *(const v4_unaligned *)(rows[2] + column), *(const v4_unaligned *)(rows[3] + column), to,
      to_stride);
}

/// Packs rows `first ..< first + rows` column by column: `out[c * padded + r]`.
///
/// `padded` is a multiple of 4. What lies between `rows` and `padded` is unspecified and only makes
/// results that are dropped.
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
    for (int64_t group = 0; group < rows; group += 4) {
      const float *four[4];
      for (int64_t r = 0; r < 4; r++) {
        four[r] = base + dth_min(group + r, rows - 1) * from->row_stride;
      }
      float *to = out + group;
      int64_t c = 0;
      for (; c + 4 <= columns; c += 4) transpose_4x4(four, c, to + c * padded, padded);
      for (; c < columns; c++) {
        for (int64_t r = 0; r < 4; r++) to[c * padded + r] = four[r][c];
      }
    }
    return;
  }
  for (int64_t c = 0; c < columns; c++) {
    const float *column = base + c * from->column_stride;
    float *to = out + c * padded;
    if (from->row_stride == 1) {
      int64_t r = 0;
      for (; r + 4 <= rows; r += 4) *(v4_unaligned *)(to + r) = *(const v4_unaligned *)(column + r);
      for (; r < rows; r++) to[r] = column[r];
    } else {
      for (int64_t r = 0; r < rows; r++) to[r] = column[r * from->row_stride];
    }
  }
}

/// The product of `rows` packed rows and a panel, to a tile [rows, 32].
///
/// Each element is one chain of additions in the order of k, whatever `rows` is.
INLINE void multiply_rows(
    const int rows, int64_t k, const float *a, const float *b, float *tile, bool accumulate) {
  for (int part = 0; part < DTH_PANEL; part += DTH_VECTORS * DTH_WIDTH) {
    vf sum[DTH_ROWS][DTH_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        sum[r][v] = accumulate ? load(tile + r * DTH_PANEL + part + v * DTH_WIDTH) : (vf)0.0f;
      }
    }
    const float *row = a;
    const float *column = b + part;
    _Pragma("clang loop unroll(disable)") for (int64_t i = 0; i < k; i++) {
      vf w[DTH_VECTORS];
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) w[v] = load(column + v * DTH_WIDTH);
      UNROLL for (int r = 0; r < rows; r++) {
        vf x = row[r];
        UNROLL for (int v = 0; v < DTH_VECTORS; v++) sum[r][v] = multiply_add(x, w[v], sum[r][v]);
      }
      row += DTH_PADDED_ROWS;
      column += DTH_PANEL;
    }
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        store(tile + r * DTH_PANEL + part + v * DTH_WIDTH, sum[r][v]);
      }
    }
  }
}

/// `multiply_rows` for a count of rows that is known when it runs.
static void multiply(
    int64_t rows, int64_t k, const float *a, const float *b, float *tile, bool accumulate) {
#define DTH_CASE(count) \
  case count: multiply_rows(count, k, a, b, tile, accumulate); break;
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

/// How a product is stored: `linear`'s epilogue for one thread.
typedef struct {
  float *result;
  int64_t result_stride;
  const float *bias, *gate, *residual;
  dth_activation activation;
  int64_t rows_per_gate, gate_stride;
  int64_t residual_rows, residual_stride;
} epilogue;

INLINE vf finish(const epilogue *how, vf x, vf bias, vf gate, vf residual) {
  if (how->bias != NULL) x = x + bias;
  x = activate(x, how->activation);
  if (how->residual == NULL) return how->gate == NULL ? x : gate * x;
  return how->gate == NULL ? residual + x : multiply_add(gate, x, residual);
}

/// Stores a tile [rows, 32] at (row, column) of the result, as far as `columns` reaches.
static void store_tile(
    const epilogue *how, const float *tile, int64_t row, int64_t rows, int64_t column,
    int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    int64_t m = row + r;
    float *result = how->result + m * how->result_stride + column;
    const float *bias = how->bias == NULL ? NULL : how->bias + column;
    const float *gate =
        how->gate == NULL ? NULL : how->gate + m / how->rows_per_gate * how->gate_stride + column;
    const float *residual =
        how->residual == NULL
            ? NULL
            : how->residual + m % how->residual_rows * how->residual_stride + column;
    const float *from = tile + r * DTH_PANEL;
    int64_t c = 0;
    for (; c + DTH_WIDTH <= columns; c += DTH_WIDTH) {
      vf b = bias == NULL ? (vf)0.0f : load(bias + c);
      vf g = gate == NULL ? (vf)0.0f : load(gate + c);
      vf d = residual == NULL ? (vf)0.0f : load(residual + c);
      store(result + c, finish(how, load(from + c), b, g, d));
    }
    if (c < columns) {
      int64_t left = columns - c;
      vf b = bias == NULL ? (vf)0.0f : load_part(bias + c, left);
      vf g = gate == NULL ? (vf)0.0f : load_part(gate + c, left);
      vf d = residual == NULL ? (vf)0.0f : load_part(residual + c, left);
      store_part(result + c, finish(how, load(from + c), b, g, d), left);
    }
  }
}

/// Asks for the lines that `store_tile` will write, while the product is made.
INLINE void prefetch_tile(
    const epilogue *how, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) {
    float *result = how->result + (row + r) * how->result_stride + column;
    __builtin_prefetch(result, 1);
    __builtin_prefetch(result + columns - 1, 1);
  }
}

/// A product of rows and panels of one batch entry.
///
/// `packed` holds all panels, or is NULL; then each is packed from `columns`, whose rows are the
/// columns of B, into the end of the scratch.
static void multiply_panels(
    const source *rows, const float *packed, const source *columns, int64_t n, int64_t k,
    const dth_share *share, const epilogue *how, float *scratch) {
  int64_t row_count = share->row_end - share->row_begin;
  if (row_count == 0 || share->panel_begin == share->panel_end) return;
  int64_t block_floats = DTH_PADDED_ROWS * k;
  int64_t blocks = dth_ceil_div(row_count, DTH_ROWS);
  int64_t chunk_count = dth_ceil_div(blocks, dth_chunk_blocks(block_floats));
  int64_t depth_count = dth_ceil_div(k, DTH_K_BLOCK);
  int64_t most_blocks = dth_ceil_div(blocks, chunk_count);
  _Alignas(64) float tile[DTH_ROWS * DTH_PANEL];
  float *partial = scratch + most_blocks * block_floats;
  float *panel_space =
      partial + (depth_count > 1 ? most_blocks * DTH_ROWS * DTH_PANEL : 0);

  for (int64_t chunk = 0; chunk < chunk_count; chunk++) {
    int64_t first_block = dth_part(blocks, chunk, chunk_count);
    int64_t end_block = dth_part(blocks, chunk + 1, chunk_count);
    for (int64_t block = first_block; block < end_block; block++) {
      int64_t row = share->row_begin + dth_part(row_count, block, blocks);
      int64_t end = share->row_begin + dth_part(row_count, block + 1, blocks);
      float *to = scratch + (block - first_block) * block_floats;
      pack_rows(rows, row, end - row, k, DTH_PADDED_ROWS, to);
    }
    for (int64_t panel = share->panel_begin; panel < share->panel_end; panel++) {
      int64_t column = panel * DTH_PANEL;
      int64_t column_count = dth_min(DTH_PANEL, n - column);
      const float *b;
      if (packed != NULL) {
        b = packed + panel * DTH_PANEL * k;
      } else {
        if (column_count < DTH_PANEL) memset(panel_space, 0, (size_t)(DTH_PANEL * k) * 4);
        pack_rows(columns, column, column_count, k, DTH_PANEL, panel_space);
        b = panel_space;
      }
      for (int64_t depth = 0; depth < depth_count; depth++) {
        int64_t begin = dth_part(k, depth, depth_count);
        int64_t end = dth_part(k, depth + 1, depth_count);
        for (int64_t block = first_block; block < end_block; block++) {
          int64_t row = share->row_begin + dth_part(row_count, block, blocks);
          int64_t count = share->row_begin + dth_part(row_count, block + 1, blocks) - row;
          const float *a =
              scratch + (block - first_block) * block_floats + begin * DTH_PADDED_ROWS;
          float *to =
              depth_count == 1 ? tile : partial + (block - first_block) * DTH_ROWS * DTH_PANEL;
          if (depth == depth_count - 1) prefetch_tile(how, row, count, column, column_count);
          multiply(count, end - begin, a, b + begin * DTH_PANEL, to, depth > 0);
          if (depth == depth_count - 1) store_tile(how, to, row, count, column, column_count);
        }
      }
    }
  }
}

static void linear(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  const dth_linear_args *args = arguments;
  source rows = {
      operands[1], args->row_stride, 1, args->row_offsets, args->column_offsets};
  epilogue how = {
      .result = operands[0],
      .result_stride = args->result_stride,
      .bias = operands[3],
      .gate = operands[4],
      .residual = operands[5],
      .activation = args->activation,
      .rows_per_gate = operands[4] == NULL ? 1 : args->m / args->gate_rows,
      .gate_stride = args->gate_stride,
      .residual_rows = operands[5] == NULL ? 1 : args->residual_rows,
      .residual_stride = args->residual_stride,
  };
  dth_share share = dth_product_share(
      1, args->m, dth_ceil_div(args->n, DTH_PANEL), thread, thread_count);
  if (share.batch_begin == share.batch_end) return;
  multiply_panels(&rows, operands[2], NULL, args->n, args->k, &share, &how, scratch);
}

static void matmul(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  const dth_matmul_args *args = arguments;
  int64_t batch = 1;
  for (int axis = 0; axis < DTH_BATCH_AXES; axis++) batch *= args->batch[axis];
  dth_share share = dth_product_share(
      batch, args->m, dth_ceil_div(args->n, DTH_PANEL), thread, thread_count);
  for (int64_t entry = share.batch_begin; entry < share.batch_end; entry++) {
    int64_t a = 0, b = 0, c = 0, rest = entry;
    for (int axis = DTH_BATCH_AXES - 1; axis >= 0; axis--) {
      int64_t index = rest % args->batch[axis];
      rest /= args->batch[axis];
      a += index * args->a_batch_strides[axis];
      b += index * args->b_batch_strides[axis];
      c += index * args->result_batch_strides[axis];
    }
    source rows = {
        (const float *)operands[1] + a, args->a_row_stride, args->a_column_stride, NULL, NULL};
    // A packed row is a column of B.
    source columns = {
        (const float *)operands[2] + b, args->b_column_stride, args->b_row_stride, NULL, NULL};
    epilogue how = {
        .result = (float *)operands[0] + c, .result_stride = args->result_stride,
        .rows_per_gate = 1, .residual_rows = 1};
    multiply_panels(&rows, NULL, &columns, args->n, args->k, &share, &how, scratch);
  }
}
