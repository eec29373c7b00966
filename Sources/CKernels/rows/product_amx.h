// `linear_bf16` on AMX: blocks of up to 32 rows and a panel, four accumulating tiles of 16 x 16.
//
// The tiles of a block are finished - bias, activation, gate, residual, rounding - while the next
// block is multiplied: a few rows after each step along k, in the shade of the tile instructions.

/// What a block is finished with. The frequent cases have code of their own.
typedef enum { FINISH_PLAIN, FINISH_GELU_TANH, FINISH_RESIDUAL, FINISH_ANY } finish_kind;

/// A product of `linear_bf16` for one thread.
typedef struct {
  const dth_linear_args *args;
  bf16_epilogue how;
  rows_store store;
  operand rows;
  /// Whether A is read where it is, or from packed tiles in the scratch.
  bool in_place;
  const char *weight;
  char *scratch;
  /// Tiles of 32 elements along k, and the bytes of a tile of rows and of a panel for all of them.
  int64_t steps, tile_bytes, panel_bytes;
  int64_t panel_begin, panel_end;
} amx_product;

/// What is done after each step along k.
typedef struct {
  const amx_product *of;
  /// The block before: its product [32, 32] and its columns.
  float product[DTH_PANEL * DTH_PANEL] __attribute__((aligned(64)));
  int64_t column, columns;
  /// The next row of the product; the rows to leave out before row 16, which another block stores;
  /// the next row of the result; and how many there are still.
  int64_t next, gap, m, left;
  /// The rows that are finished after a step.
  int64_t rows_per_step;
  /// The next panel, of which some lines are fetched after a step.
  const char *line;
  int64_t lines_per_step;
} product_work;

/// Stores `rows` more rows, of which none is left out.
INLINE void finish_rows(product_work *work, const finish_kind kind, int64_t rows) {
  const bf16_epilogue *how = &work->of->how;
  const float *from = work->product + work->next * DTH_PANEL;
  if (work->columns < DTH_PANEL || kind == FINISH_ANY) {
    work->of->store(how, from, work->m, rows, work->column, work->columns);
  } else if (kind == FINISH_PLAIN) {
    store_all_columns(
        how, DTH_ACTIVATION_NONE, DTH_BF16, true, from, work->m, rows, work->column);
  } else if (kind == FINISH_GELU_TANH) {
    store_all_columns(
        how, DTH_ACTIVATION_GELU_TANH, DTH_BF16, true, from, work->m, rows, work->column);
  } else {
    store_all_columns(
        how, DTH_ACTIVATION_NONE, DTH_F32, false, from, work->m, rows, work->column);
  }
  work->next += rows;
  work->m += rows;
  work->left -= rows;
}

/// Finishes up to `count` more rows.
INLINE void finish_more_rows(product_work *work, const finish_kind kind, int64_t count) {
  count = dth_min(count, work->left);
  while (count > 0) {
    if (work->next == DTH_TILE_ROWS) work->next += work->gap;
    int64_t rows = count;
    if (work->next < DTH_TILE_ROWS) rows = dth_min(rows, DTH_TILE_ROWS - work->next);
    finish_rows(work, kind, rows);
    count -= rows;
  }
}

INLINE void do_product_work(product_work *work, const finish_kind kind) {
  for (int64_t i = 0; i < work->lines_per_step; i++) {
    _mm_prefetch(work->line, _MM_HINT_T1);
    work->line += DTH_TILE_BYTES;
  }
  finish_more_rows(work, kind, work->rows_per_step);
}

INLINE void work_plain(void *work) { do_product_work(work, FINISH_PLAIN); }
INLINE void work_gelu_tanh(void *work) { do_product_work(work, FINISH_GELU_TANH); }
INLINE void work_residual(void *work) { do_product_work(work, FINISH_RESIDUAL); }
INLINE void work_any(void *work) { do_product_work(work, FINISH_ANY); }

/// Multiplies tiles `first ..< end` of rows with the panels; the last block is not finished.
INLINE void multiply_chunk(
    product_work *work, const step_work step, int64_t first, int64_t end) {
  const amx_product *of = work->of;
  int64_t m = of->args->m, blocks = dth_ceil_div(end - first, 2);
  for (int64_t panel = of->panel_begin; panel < of->panel_end; panel++) {
    const char *weights = of->weight + panel * of->panel_bytes;
    work->line = weights + of->panel_bytes;
    work->lines_per_step = panel + 1 < of->panel_end ? dth_ceil_div(DTH_BF16_K, blocks) : 0;
    for (int64_t tile = first; tile < end; tile += 2) {
      bool two = tile + 1 < end;
      int64_t row = tile * DTH_TILE_ROWS;
      tile_rows halves[2];
      int64_t starts[2];
      for (int64_t half = 0; half < 2; half++) {
        int64_t t = dth_min(tile + half, end - 1);
        // The last tile of A in place begins earlier where it is not whole.
        starts[half] = t * DTH_TILE_ROWS;
        if (of->in_place) {
          starts[half] = dth_min(starts[half], m - DTH_TILE_ROWS);
          halves[half] = (tile_rows){
              element_address(&of->rows, starts[half], 0), of->rows.row_stride * 2,
              DTH_TILE_BYTES};
        } else {
          halves[half] = (tile_rows){
              of->scratch + (t - first) * of->tile_bytes, DTH_TILE_BYTES,
              DTH_TILE_ROWS * DTH_TILE_BYTES};
        }
      }
      multiply_tiles(
          two, STREAM_LEFT, &halves[0], &halves[1], weights, of->steps, work->product,
          DTH_PAIRS_BYTES, step, work);
      work->column = panel * DTH_PANEL;
      work->columns = dth_min(DTH_PANEL, of->args->n - work->column);
      work->next = row - starts[0];
      work->gap = two ? row + DTH_TILE_ROWS - starts[1] : 0;
      work->m = row;
      work->left = dth_min(two ? DTH_PANEL : DTH_TILE_ROWS, m - row);
    }
  }
}

/// The case of an epilogue.
static finish_kind finish_kind_of(const bf16_epilogue *how) {
  bool plain = how->gate == NULL && how->residual == NULL;
  if (how->element == DTH_BF16 && plain && how->activation == DTH_ACTIVATION_NONE) {
    return FINISH_PLAIN;
  }
  if (how->element == DTH_BF16 && plain && how->activation == DTH_ACTIVATION_GELU_TANH) {
    return FINISH_GELU_TANH;
  }
  if (how->element == DTH_F32 && how->activation == DTH_ACTIVATION_NONE) return FINISH_RESIDUAL;
  return FINISH_ANY;
}

static void linear_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_linear_args *args = arguments;
  int64_t steps = dth_ceil_div(args->k, DTH_BF16_K);
  amx_product of = {
      .args = args,
      .how = bf16_epilogue_of(args, operands),
      .store = rows_store_of(args->activation),
      .rows = {operands[1], args->a_element, args->row_stride, 1, args->row_offsets,
               args->column_offsets},
      .in_place = args->a_element == DTH_BF16 && args->column_offsets == NULL &&
                  args->k % DTH_BF16_K == 0 && args->m >= DTH_TILE_ROWS,
      .weight = operands[2],
      .scratch = scratch,
      .steps = steps,
      .tile_bytes = steps * DTH_TILE_ROWS * DTH_TILE_BYTES,
      .panel_bytes = steps * DTH_STEP_BYTES,
  };
  product_work work;
  work.of = &of;
  work.left = 0;
  // The rows of a block are all finished before the tiles of the next are stored in their place.
  work.rows_per_step = dth_max(4, dth_ceil_div(DTH_PANEL, steps));
  finish_kind kind = finish_kind_of(&of.how);
  // The tiles of rows that lie packed in the scratch.
  int64_t kept_first = -1, kept_end = -1;
  dth_walk walk = dth_walk_of(claims, thread, thread_count);

  begin_tiles();
  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    // In units of tiles of rows.
    dth_share share = dth_product_share(
        1, dth_ceil_div(args->m, DTH_TILE_ROWS), dth_ceil_div(args->n, DTH_PANEL), owner,
        thread_count);
    int64_t tile_count = share.row_end - share.row_begin;
    int64_t panel_count = share.panel_end - share.panel_begin;
    int64_t chunks = dth_ceil_div(tile_count, dth_bf16_chunk_blocks(of.tile_bytes));
    int64_t groups =
        dth_min(panel_count, dth_ceil_div(DTH_SHARE_PIECES, dth_max(1, chunks)));
    int64_t count = (share.batch_end - share.batch_begin) * chunks * groups;
    for (int64_t piece; (piece = dth_claim_piece(&walk, count)) >= 0;) {
      int64_t chunk = piece / groups, group = piece % groups;
      int64_t first = share.row_begin + dth_part(tile_count, chunk, chunks);
      int64_t end = share.row_begin + dth_part(tile_count, chunk + 1, chunks);
      of.panel_begin = share.panel_begin + dth_part(panel_count, group, groups);
      of.panel_end = share.panel_begin + dth_part(panel_count, group + 1, groups);
      bool is_kept = of.in_place || (kept_first == first && kept_end == end);
      for (int64_t tile = first; tile < end && !is_kept; tile++) {
        int64_t row = tile * DTH_TILE_ROWS;
        pack_tiles(
            &of.rows, row, dth_min(DTH_TILE_ROWS, args->m - row), args->k,
            of.scratch + (tile - first) * of.tile_bytes);
      }
      kept_first = first;
      kept_end = end;
      switch (kind) {
        case FINISH_PLAIN: multiply_chunk(&work, work_plain, first, end); break;
        case FINISH_GELU_TANH: multiply_chunk(&work, work_gelu_tanh, first, end); break;
        case FINISH_RESIDUAL: multiply_chunk(&work, work_residual, first, end); break;
        case FINISH_ANY: multiply_chunk(&work, work_any, first, end); break;
      }
    }
  }
  finish_more_rows(&work, FINISH_ANY, DTH_PANEL);
  _tile_release();
}
