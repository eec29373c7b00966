// `matmul_bf16` by the micro-kernel of `linear_bf16`.

static void matmul_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_matmul_args *args = arguments;
  int64_t words = DTH_WORD_COUNT(args->k, DTH_WORD), block_words = DTH_PADDED_ROWS * words;
  int64_t panel_words = dth_round_up(args->k, DTH_BF16_K) / 2 * DTH_PANEL;
  float *space = scratch, *packed = space + panel_words;
  _Alignas(64) float tile[DTH_ROWS * DTH_PANEL];
  int64_t current = -1, kept_row = -1, kept_end = -1;
  matmul_entry_bf16 of;
  dth_walk walk = dth_walk_of(claims, thread, thread_count);

  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    dth_share share = dth_product_share(
        matmul_entries(args), args->m, dth_ceil_div(args->n, DTH_PANEL), owner, thread_count);
    int64_t row_count = share.row_end - share.row_begin;
    matmul_cut_bf16 cut =
        matmul_bf16_cut_of(&share, dth_ceil_div(row_count, DTH_ROWS), block_words * 4);
    int64_t count = matmul_bf16_piece_count(&cut);
    for (int64_t index; (index = dth_claim_piece(&walk, count)) >= 0;) {
      matmul_piece_bf16 piece = matmul_bf16_piece_of(&cut, index);
#define DTH_ROW_OF(block) (share.row_begin + dth_part(row_count, block, cut.blocks))
      int64_t first_row = DTH_ROW_OF(piece.first_block), end_row = DTH_ROW_OF(piece.end_block);
      if (piece.entry != current || first_row != kept_row || end_row != kept_end) {
        of = matmul_bf16_entry_of(args, operands, piece.entry);
        for (int64_t block = piece.first_block; block < piece.end_block; block++) {
          int64_t row = DTH_ROW_OF(block);
          pack_words(
              &of.rows, DTH_WORD, row, DTH_ROW_OF(block + 1) - row, args->k, DTH_PADDED_ROWS,
              packed + (block - piece.first_block) * block_words);
        }
        current = piece.entry;
        kept_row = first_row;
        kept_end = end_row;
      }
      for (int64_t panel = piece.first_panel; panel < piece.end_panel; panel++) {
        int64_t column = panel * DTH_PANEL, columns = dth_min(DTH_PANEL, args->n - column);
        pack_panel(&of.columns, column, columns, args->k, space);
        for (int64_t block = piece.first_block; block < piece.end_block; block++) {
          int64_t row = DTH_ROW_OF(block), rows = DTH_ROW_OF(block + 1) - row;
          multiply_words(
              rows, words, packed + (block - piece.first_block) * block_words, space, tile,
              false);
          store_plain(&of.how, tile, row, rows, column, columns);
        }
      }
#undef DTH_ROW_OF
    }
  }
}
