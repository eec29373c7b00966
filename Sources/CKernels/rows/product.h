// Products of matrices: the loops around the micro-kernel, and what a thread does of them.
//
// A thread multiplies a chunk of its rows, packed, by all its panels before it turns to the next
// chunk, so that the chunk stays in the second cache and a panel is read once for each chunk. Where
// k is long it is cut too, and the sums so far of a group of panels wait in memory.

/// What `multiply_panels` multiplies.
typedef struct {
  source rows;
  int64_t k;
  /// All panels, or NULL; then each is packed from `columns`, whose rows are the columns of B.
  const float *packed;
  source columns;
  /// The columns of the result.
  int64_t n;
  /// The panels that make one of the result: 2 for a gated unit.
  int64_t tiles;
} product;

/// A chunk of a share's rows, packed along part of k.
typedef struct {
  /// The blocks that cut the share's rows, and those of the chunk.
  int64_t blocks, first, end;
  int64_t k_begin, k_end;
  const float *rows;
} product_chunk;

/// The rows of a block of the share: the first, and how many.
INLINE int64_t block_row(const dth_share *share, int64_t block, int64_t blocks) {
  return share->row_begin + dth_part(share->row_end - share->row_begin, block, blocks);
}

static void pack_chunk(
    const product *of, const dth_share *share, const product_chunk *chunk, float *out) {
  source rows = of->rows;
  if (rows.column_offsets != NULL) {
    rows.column_offsets += chunk->k_begin;
  } else {
    rows.base += chunk->k_begin * rows.column_stride;
  }
  int64_t k = chunk->k_end - chunk->k_begin;
  for (int64_t block = chunk->first; block < chunk->end; block++) {
    int64_t row = block_row(share, block, chunk->blocks);
    int64_t count = block_row(share, block + 1, chunk->blocks) - row;
    pack_rows(&rows, row, count, k, DTH_PADDED_ROWS, out);
    out += DTH_PADDED_ROWS * k;
  }
}

/// The chunk's part of a panel, packed into `space` where the product has no packed panels.
static const float *panel_part(
    const product *of, const product_chunk *chunk, int64_t panel, float *space) {
  if (of->packed != NULL) return of->packed + (panel * of->k + chunk->k_begin) * DTH_PANEL;
  int64_t column = panel * DTH_PANEL, count = dth_min(DTH_PANEL, of->n - column);
  int64_t k = chunk->k_end - chunk->k_begin;
  source columns = of->columns;
  columns.base += chunk->k_begin * columns.column_stride;
  if (count < DTH_PANEL) memset(space, 0, (size_t)(DTH_PANEL * k) * sizeof(float));
  pack_rows(&columns, column, count, k, DTH_PANEL, space);
  return space;
}

/// A panel's bias, copied to `space` where the panel is not whole; zeros where there is none.
INLINE const float *panel_bias(
    const float *bias, int64_t column, int64_t columns, float *space) {
  if (bias == NULL) return dth_zeros;
  if (columns == DTH_PANEL) return bias + column;
  memset(space, 0, DTH_PANEL * sizeof(float));
  return memcpy(space, bias + column, (size_t)columns * sizeof(float));
}

/// Multiplies a chunk by the panels of one panel of the result.
///
/// The tiles of a block are `stride` floats behind those of the block before.
static void multiply_chunk(
    const product *of, const dth_share *share, const product_chunk *chunk, const epilogue *how,
    int64_t panel, float *space, float *tiles, int64_t stride) {
  int64_t k = chunk->k_end - chunk->k_begin;
  int64_t column = panel * DTH_PANEL, columns = dth_min(DTH_PANEL, of->n - column);
  bool first = chunk->k_begin == 0, last = chunk->k_end == of->k;
  bool direct = last && stores_sums(how) && of->tiles == 1 && columns == DTH_PANEL;
  const float *parts[2], *biases[2];
  float bias_space[2 * DTH_PANEL];
  for (int64_t i = 0; i < of->tiles; i++) {
    parts[i] = panel_part(of, chunk, panel * of->tiles + i, space);
    biases[i] = panel_bias(
        i == 0 ? how->bias : how->value_bias, column, columns, bias_space + i * DTH_PANEL);
  }
  // What will be multiplied after these panels.
  bool reads_on = of->packed != NULL && panel + 1 < share->panel_end;
  int64_t distance = reads_on ? of->tiles * of->k * DTH_PANEL : 0;
  for (int64_t block = chunk->first; block < chunk->end; block++, tiles += stride) {
    int64_t row = block_row(share, block, chunk->blocks);
    int64_t rows = block_row(share, block + 1, chunk->blocks) - row;
    const float *a = chunk->rows + (block - chunk->first) * DTH_PADDED_ROWS * k;
    // A block reads a quarter of the panel's lines ahead.
    int64_t quarter = dth_min(block - chunk->first, 3) * (k / 2) * 16;
    if (last) prefetch_tile(how, row, rows, column, columns);
    for (int64_t i = 0; i < of->tiles; i++) {
      float *sums = tiles + i * DTH_ROWS * DTH_PANEL;
      multiply(
          rows, k, a, parts[i], first ? biases[i] : sums, first ? 0 : DTH_PANEL,
          direct ? how->result + row * how->result_stride + column : sums,
          direct ? how->result_stride : DTH_PANEL, parts[i] + distance + quarter);
    }
    if (last && !direct) {
      const float *values = of->tiles == 2 ? tiles + DTH_ROWS * DTH_PANEL : NULL;
      store_tile(how, tiles, values, row, rows, column, columns);
    }
  }
}

/// Multiplies and stores a thread's share.
static void multiply_panels(
    const product *of, const dth_share *share, const epilogue *how, float *scratch) {
  int64_t row_count = share->row_end - share->row_begin;
  if (row_count == 0 || share->panel_begin == share->panel_end) return;
  dth_product_cut cut = dth_cut_product(row_count, of->k, DTH_ROWS, DTH_PADDED_ROWS);
  int64_t tile_floats = of->tiles * DTH_ROWS * DTH_PANEL;
  int64_t group =
      cut.depths == 1 ? share->panel_end - share->panel_begin : DTH_GROUP_PANELS / of->tiles;
  float *space = scratch + cut.chunk_blocks * DTH_PADDED_ROWS * cut.depth;
  float *sums = of->packed == NULL ? space + DTH_PANEL * cut.depth : space;
  _Alignas(64) float tiles[2 * DTH_ROWS * DTH_PANEL];

  int64_t chunks = dth_ceil_div(cut.blocks, cut.chunk_blocks);
  for (int64_t index = 0; index < chunks; index++) {
    product_chunk chunk = {.blocks = cut.blocks, .rows = scratch};
    chunk.first = dth_part(cut.blocks, index, chunks);
    chunk.end = dth_part(cut.blocks, index + 1, chunks);
    int64_t panel_sums = (chunk.end - chunk.first) * tile_floats;
    for (int64_t begin = share->panel_begin; begin < share->panel_end; begin += group) {
      int64_t end = dth_min(begin + group, share->panel_end);
      for (int64_t depth = 0; depth < cut.depths; depth++) {
        chunk.k_begin = dth_part(of->k, depth, cut.depths);
        chunk.k_end = dth_part(of->k, depth + 1, cut.depths);
        pack_chunk(of, share, &chunk, scratch);
        for (int64_t panel = begin; panel < end; panel++) {
          bool whole = cut.depths == 1;
          multiply_chunk(
              of, share, &chunk, how, panel, space,
              whole ? tiles : sums + (panel - begin) * panel_sums, whole ? 0 : tile_floats);
        }
      }
    }
  }
}

static void linear(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  const dth_linear_args *args = arguments;
  const float *bias = operands[3];
  product of = {
      .rows = {operands[1], args->row_stride, 1, args->row_offsets, args->column_offsets},
      .k = args->k,
      .packed = operands[2],
      .n = args->n,
      .tiles = args->gated_unit ? 2 : 1,
  };
  epilogue how = {
      .result = operands[0],
      .result_stride = args->result_stride,
      .bias = bias,
      .value_bias = bias == NULL || !args->gated_unit ? NULL : bias + args->n,
      .gate = operands[4],
      .residual = operands[5],
      .activation = args->activation,
      .rows_per_gate = operands[4] == NULL ? 1 : args->m / args->gate_rows,
      .gate_stride = args->gate_stride,
      .rows_per_residual = dth_max(1, args->residual_repeats),
      .residual_rows = args->residual_rows,
      .residual_stride = args->residual_stride,
  };
  dth_share share = dth_product_share(
      1, args->m, dth_ceil_div(args->n, DTH_PANEL), thread, thread_count);
  if (share.batch_begin == share.batch_end) return;
  multiply_panels(&of, &share, &how, scratch);
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
    product of = {
        .rows = {(const float *)operands[1] + a, args->a_row_stride, args->a_column_stride, NULL,
                 NULL},
        .k = args->k,
        // A packed row is a column of B.
        .columns = {(const float *)operands[2] + b, args->b_column_stride, args->b_row_stride,
                    NULL, NULL},
        .n = args->n,
        .tiles = 1,
    };
    epilogue how = {
        .result = (float *)operands[0] + c, .result_stride = args->result_stride,
        .rows_per_gate = 1, .rows_per_residual = 1, .residual_rows = 1};
    multiply_panels(&of, &share, &how, scratch);
  }
}
