// Products of rows and panels of bf16: the micro-kernel and `linear_bf16`.

#if DTH_BF16_DOT
/// The products of the elements of pairs, both added to a sum.
INLINE vf multiply_add_pairs(vf x, vf pairs, vf sum) {
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)pairs);
}
#endif

/// The product of `rows` packed rows and a panel of pairs, to a tile [rows, 32].
///
/// Each element is one chain of additions in the order of k, whatever `rows` is. `words` are those
/// of a row, a whole number of pairs.
INLINE void multiply_words_of(
    const int rows, int64_t words, const float *a, const float *b, float *tile, bool accumulate) {
  for (int part = 0; part < DTH_PANEL; part += DTH_VECTORS * DTH_WIDTH) {
    vf sum[DTH_ROWS][DTH_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        sum[r][v] = accumulate ? load(tile + r * DTH_PANEL + part + v * DTH_WIDTH) : (vf)0.0f;
      }
    }
    const float *row = a;
    const float *column = b + part;
    _Pragma("clang loop unroll(disable)") for (
        int64_t word = 0; word < words; word += 2 / DTH_WORD) {
      vf w[DTH_VECTORS];
#if DTH_BF16_DOT
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) w[v] = load(column + v * DTH_WIDTH);
      UNROLL for (int r = 0; r < rows; r++) {
        vf x = row[r];
        UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
          sum[r][v] = multiply_add_pairs(x, w[v], sum[r][v]);
        }
      }
#else
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        w[v] = (vf)((vu)load(column + v * DTH_WIDTH) << 16);
      }
      UNROLL for (int r = 0; r < rows; r++) {
        vf x = row[r];
        UNROLL for (int v = 0; v < DTH_VECTORS; v++) sum[r][v] = multiply_add(x, w[v], sum[r][v]);
      }
      row += DTH_PADDED_ROWS;
      UNROLL for (int v = 0; v < DTH_VECTORS; v++) {
        w[v] = (vf)((vu)load(column + v * DTH_WIDTH) & 0xFFFF0000);
      }
      UNROLL for (int r = 0; r < rows; r++) {
        vf x = row[r];
        UNROLL for (int v = 0; v < DTH_VECTORS; v++) sum[r][v] = multiply_add(x, w[v], sum[r][v]);
      }
#endif
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

/// `multiply_words_of` for a count of rows that is known when it runs.
static void multiply_words(
    int64_t rows, int64_t words, const float *a, const float *b, float *tile, bool accumulate) {
#define DTH_CASE(count) \
  case count: multiply_words_of(count, words, a, b, tile, accumulate); break;
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

static void linear_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_linear_args *args = arguments;
  operand rows = {operands[1],       args->a_element,   args->row_stride, 1,
                  args->row_offsets, args->column_offsets};
  bf16_epilogue how = bf16_epilogue_of(args, operands);
  rows_store store_rows = rows_store_of(args->activation);
  int64_t words = DTH_WORD_COUNT(args->k, DTH_WORD);
  int64_t panel_words = dth_round_up(args->k, DTH_BF16_K) / 2 * DTH_PANEL;
  int64_t block_words = DTH_PADDED_ROWS * words;
  float *packed = scratch;
  _Alignas(64) float tile[DTH_ROWS * DTH_PANEL];
  // The rows that lie packed in the scratch.
  int64_t kept_row = -1, kept_end = -1;
  dth_walk walk = dth_walk_of(claims, thread, thread_count);

  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    dth_share share = dth_product_share(
        1, args->m, dth_ceil_div(args->n, DTH_PANEL), owner, thread_count);
    int64_t row_count = share.row_end - share.row_begin;
    int64_t panel_count = share.panel_end - share.panel_begin;
    int64_t blocks = dth_ceil_div(row_count, DTH_ROWS);
    int64_t chunks = dth_ceil_div(blocks, dth_bf16_chunk_blocks(block_words * 4));
    int64_t groups =
        dth_min(panel_count, dth_ceil_div(DTH_SHARE_PIECES, dth_max(1, chunks)));
    int64_t count = (share.batch_end - share.batch_begin) * chunks * groups;
    for (int64_t piece; (piece = dth_claim_piece(&walk, count)) >= 0;) {
      int64_t chunk = piece / groups, group = piece % groups;
      int64_t first_block = dth_part(blocks, chunk, chunks);
      int64_t end_block = dth_part(blocks, chunk + 1, chunks);
      int64_t first_row = share.row_begin + dth_part(row_count, first_block, blocks);
      int64_t end_row = share.row_begin + dth_part(row_count, end_block, blocks);
      bool is_kept = kept_row == first_row && kept_end == end_row;
      for (int64_t block = first_block; block < end_block && !is_kept; block++) {
        int64_t row = share.row_begin + dth_part(row_count, block, blocks);
        int64_t end = share.row_begin + dth_part(row_count, block + 1, blocks);
        float *to = packed + (block - first_block) * block_words;
        pack_words(&rows, DTH_WORD, row, end - row, args->k, DTH_PADDED_ROWS, to);
      }
      kept_row = first_row;
      kept_end = end_row;
      int64_t begin = share.panel_begin + dth_part(panel_count, group, groups);
      int64_t end = share.panel_begin + dth_part(panel_count, group + 1, groups);
      for (int64_t panel = begin; panel < end; panel++) {
        const float *b = (const float *)operands[2] + panel * panel_words;
        int64_t column = panel * DTH_PANEL;
        int64_t column_count = dth_min(DTH_PANEL, args->n - column);
        for (int64_t block = first_block; block < end_block; block++) {
          int64_t row = share.row_begin + dth_part(row_count, block, blocks);
          int64_t row_end = share.row_begin + dth_part(row_count, block + 1, blocks);
          multiply_words(
              row_end - row, words, packed + (block - first_block) * block_words, b, tile,
              false);
          store_rows(&how, tile, row, row_end - row, column, column_count);
        }
      }
    }
  }
}
