// `matmul_bf16` on AMX, by the chunks of `linear_bf16`.

static void matmul_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_matmul_args *args = arguments;
  const dth_linear_args linear = {.m = args->m, .n = args->n, .k = args->k};
  int64_t steps = dth_ceil_div(args->k, DTH_BF16_K);
  char *space = scratch;
  amx_product of = {
      .args = &linear,
      .store = rows_store_of(DTH_ACTIVATION_NONE),
      .in_place = args->a_element == DTH_BF16 && args->a_column_stride == 1 &&
                  args->k % DTH_BF16_K == 0 && args->m >= DTH_TILE_ROWS,
      .scratch = space + steps * DTH_STEP_BYTES,
      .steps = steps,
      .tile_bytes = steps * DTH_TILE_ROWS * DTH_TILE_BYTES,
      .panel_bytes = steps * DTH_STEP_BYTES,
  };
  product_work work;
  work.of = &of;
  work.left = 0;
  work.rows_per_step = dth_max(4, dth_ceil_div(DTH_PANEL, steps));
  int64_t current = -1, kept_first = -1, kept_end = -1;
  operand columns;
  dth_walk walk = dth_walk_of(claims, thread, thread_count);

  begin_tiles();
  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    // In units of tiles of rows.
    dth_share share = dth_product_share(
        matmul_entries(args), dth_ceil_div(args->m, DTH_TILE_ROWS),
        dth_ceil_div(args->n, DTH_PANEL), owner, thread_count);
    matmul_cut_bf16 cut =
        matmul_bf16_cut_of(&share, share.row_end - share.row_begin, of.tile_bytes);
    int64_t count = matmul_bf16_piece_count(&cut);
    for (int64_t index; (index = dth_claim_piece(&walk, count)) >= 0;) {
      matmul_piece_bf16 piece = matmul_bf16_piece_of(&cut, index);
      int64_t first = share.row_begin + piece.first_block;
      int64_t end = share.row_begin + piece.end_block;
      if (piece.entry != current) {
        // The last block of the product before is stored where that product is.
        finish_more_rows(&work, FINISH_ANY, DTH_PANEL);
        matmul_entry_bf16 entry = matmul_bf16_entry_of(args, operands, piece.entry);
        of.how = entry.how;
        of.rows = entry.rows;
        columns = entry.columns;
        current = piece.entry;
        kept_first = -1;
      }
      if (!of.in_place && (kept_first != first || kept_end != end)) {
        for (int64_t tile = first; tile < end; tile++) {
          int64_t row = tile * DTH_TILE_ROWS;
          pack_tiles(
              &of.rows, row, dth_min(DTH_TILE_ROWS, args->m - row), args->k,
              of.scratch + (tile - first) * of.tile_bytes);
        }
        kept_first = first;
        kept_end = end;
      }
      for (int64_t panel = piece.first_panel; panel < piece.end_panel; panel++) {
        int64_t column = panel * DTH_PANEL;
        pack_panel(
            &columns, column, dth_min(DTH_PANEL, args->n - column), args->k, (float *)space);
        of.panel_begin = panel;
        of.panel_end = panel + 1;
        of.weight = space - panel * of.panel_bytes;
        multiply_chunk(&work, work_residual, first, end);
      }
    }
  }
  finish_more_rows(&work, FINISH_ANY, DTH_PANEL);
  _tile_release();
}
