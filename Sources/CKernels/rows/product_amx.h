// `linear_bf16` on AMX: blocks of up to 32 rows and a panel, four accumulating tiles of 16 x 16.
//
// The tiles of a block are finished - bias, activation, gate, residual, rounding - while the next
// block is multiplied: a few rows after each step along k, in the shade of the tile instructions.

/// A block whose product is in memory and whose rows are not all stored.
typedef struct {
  const bf16_epilogue *how;
  rows_store store;
  /// [32][32].
  const float *product;
  int64_t column, columns;
  /// The next row of the product; the rows to leave out before row 16, which another block stores;
  /// the next row of the result; and how many there are still.
  int64_t next, gap, m, left;
} unfinished_block;

/// Stores up to `count` more rows.
INLINE void store_more_rows(unfinished_block *block, int64_t count) {
  count = dth_min(count, block->left);
  block->left -= count;
  while (count > 0) {
    if (block->next == DTH_TILE_ROWS) block->next += block->gap;
    int64_t rows = count;
    if (block->next < DTH_TILE_ROWS) rows = dth_min(rows, DTH_TILE_ROWS - block->next);
    block->store(
        block->how, block->product + block->next * DTH_PANEL, block->m, rows, block->column,
        block->columns);
    block->next += rows;
    block->m += rows;
    count -= rows;
  }
}

/// What is done after each step along k of a product of `linear_bf16`.
typedef struct {
  unfinished_block before;
  int64_t rows_per_step;
  /// The next panel, of which some lines are fetched.
  const char *line;
  int64_t lines_per_step;
} product_work;

INLINE void do_product_work(void *state) {
  product_work *work = state;
  for (int64_t i = 0; i < work->lines_per_step; i++) {
    _mm_prefetch(work->line, _MM_HINT_T1);
    work->line += DTH_TILE_BYTES;
  }
  if (work->before.left > 0) store_more_rows(&work->before, work->rows_per_step);
}

/// Whether tiles may be read where A is.
static bool is_in_tiles(const dth_linear_args *args) {
  return args->a_element == DTH_BF16 && args->column_offsets == NULL &&
         args->k % DTH_BF16_K == 0 && args->m >= DTH_TILE_ROWS;
}

static void linear_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  const dth_linear_args *args = arguments;
  int64_t m = args->m, panels = dth_ceil_div(args->n, DTH_PANEL);
  int64_t steps = dth_ceil_div(args->k, DTH_BF16_K);
  // In units of tiles of rows.
  dth_share share = dth_product_share(
      1, dth_ceil_div(m, DTH_TILE_ROWS), panels, thread, thread_count);
  int64_t tile_count = share.row_end - share.row_begin;
  if (share.batch_begin == share.batch_end || tile_count == 0 ||
      share.panel_begin == share.panel_end) {
    return;
  }
  operand rows = {operands[1],       args->a_element,   args->row_stride, 1,
                  args->row_offsets, args->column_offsets};
  bf16_epilogue how = bf16_epilogue_of(args, operands);
  bool in_place = is_in_tiles(args);
  int64_t tile_bytes = DTH_TILE_ROWS * DTH_TILE_BYTES * steps;
  int64_t chunks = dth_ceil_div(tile_count, dth_bf16_chunk_blocks(tile_bytes));
  int64_t panel_bytes = steps * DTH_STEP_BYTES;
  _Alignas(64) float products[2][DTH_PANEL * DTH_PANEL];
  product_work work = {
      .before = {.how = &how, .store = rows_store_of(args->activation)},
      .rows_per_step = dth_max(4, dth_ceil_div(DTH_PANEL, steps))};
  unfinished_block *before = &work.before;

  begin_tiles();
  for (int64_t chunk = 0, turn = 0; chunk < chunks; chunk++) {
    int64_t first = share.row_begin + dth_part(tile_count, chunk, chunks);
    int64_t end = share.row_begin + dth_part(tile_count, chunk + 1, chunks);
    if (!in_place) {
      for (int64_t tile = first; tile < end; tile++) {
        int64_t row = tile * DTH_TILE_ROWS;
        pack_tiles(
            &rows, row, dth_min(DTH_TILE_ROWS, m - row), args->k,
            (char *)scratch + (tile - first) * tile_bytes);
      }
    }
    int64_t blocks = dth_ceil_div(end - first, 2);
    for (int64_t panel = share.panel_begin; panel < share.panel_end; panel++) {
      const char *weights = (const char *)operands[2] + panel * panel_bytes;
      work.line = weights + panel_bytes;
      work.lines_per_step =
          panel + 1 < share.panel_end ? dth_ceil_div(DTH_BF16_K, blocks) : 0;
      for (int64_t tile = first; tile < end; tile += 2, turn ^= 1) {
        tile_rows block[2];
        int64_t starts[2];
        for (int64_t half = 0; half < 2; half++) {
          int64_t t = dth_min(tile + half, end - 1);
          // The last tile of A in place begins earlier where it is not whole.
          starts[half] = t * DTH_TILE_ROWS;
          if (in_place) starts[half] = dth_min(starts[half], m - DTH_TILE_ROWS);
          block[half] =
              in_place
                  ? (tile_rows){element_address(&rows, starts[half], 0), args->row_stride * 2,
                                DTH_TILE_BYTES}
                  : (tile_rows){(const char *)scratch + (t - first) * tile_bytes,
                                DTH_TILE_BYTES, DTH_TILE_ROWS * DTH_TILE_BYTES};
        }
        float *product = products[turn];
        multiply_tiles(
            tile + 1 < end, &block[0], &block[1], weights, steps, product, DTH_PAIRS_BYTES,
            do_product_work, &work);
        store_more_rows(before, DTH_PANEL);
        before->product = product;
        before->column = panel * DTH_PANEL;
        before->columns = dth_min(DTH_PANEL, args->n - before->column);
        bool two = tile + 1 < end;
        int64_t row = tile * DTH_TILE_ROWS;
        before->next = row - starts[0];
        before->gap = two ? row + DTH_TILE_ROWS - starts[1] : 0;
        before->m = row;
        before->left = dth_min(two ? DTH_PANEL : DTH_TILE_ROWS, m - row);
      }
    }
  }
  store_more_rows(before, DTH_PANEL);
  _tile_release();
}
