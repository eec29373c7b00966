// `matmul_bf16`: batches of products whose operands are packed as they are multiplied.

/// One product of a batch: how it is stored, and its operands.
typedef struct {
  bf16_epilogue how;
  /// The rows of A, and the columns of B as rows.
  operand rows, columns;
} matmul_entry_bf16;

static matmul_entry_bf16 matmul_bf16_entry_of(
    const dth_matmul_args *args, void *const *operands, int64_t entry) {
  int64_t a = 0, b = 0, c = 0;
  for (int axis = DTH_BATCH_AXES - 1; axis >= 0; axis--) {
    int64_t index = entry % args->batch[axis];
    entry /= args->batch[axis];
    a += index * args->a_batch_strides[axis];
    b += index * args->b_batch_strides[axis];
    c += index * args->result_batch_strides[axis];
  }
  int64_t a_size = args->a_element == DTH_BF16 ? 2 : 4, b_size = args->b_element == DTH_BF16 ? 2 : 4;
  return (matmul_entry_bf16){
      .how =
          {.result = (float *)operands[0] + c, .element = DTH_F32,
           .result_stride = args->result_stride, .activation = DTH_ACTIVATION_NONE,
           .rows_per_gate = 1, .residual_rows = 1, .residual_repeats = 1},
      .rows = {(const char *)operands[1] + a * a_size, args->a_element, args->a_row_stride,
               args->a_column_stride, NULL, NULL},
      .columns = {(const char *)operands[2] + b * b_size, args->b_element, args->b_column_stride,
                  args->b_row_stride, NULL, NULL},
  };
}

/// The products of a batch.
static int64_t matmul_entries(const dth_matmul_args *args) {
  int64_t count = 1;
  for (int axis = 0; axis < DTH_BATCH_AXES; axis++) count *= args->batch[axis];
  return count;
}

/// A piece of a share: the product, and the parts of the share's blocks of rows and of its panels.
typedef struct {
  int64_t entry, first_block, end_block, first_panel, end_panel;
} matmul_piece_bf16;

/// How a share is cut: chunks of blocks of rows, each by groups of panels.
typedef struct {
  const dth_share *share;
  int64_t blocks, chunks, groups;
} matmul_cut_bf16;

static matmul_cut_bf16 matmul_bf16_cut_of(
    const dth_share *share, int64_t blocks, int64_t block_bytes) {
  int64_t panels = share->panel_end - share->panel_begin;
  int64_t chunks = dth_ceil_div(blocks, dth_bf16_chunk_blocks(block_bytes));
  int64_t pieces = dth_max(1, chunks * (share->batch_end - share->batch_begin));
  return (matmul_cut_bf16){
      share, blocks, chunks, dth_min(panels, dth_ceil_div(DTH_SHARE_PIECES, pieces))};
}

static int64_t matmul_bf16_piece_count(const matmul_cut_bf16 *cut) {
  return (cut->share->batch_end - cut->share->batch_begin) * cut->chunks * cut->groups;
}

static matmul_piece_bf16 matmul_bf16_piece_of(const matmul_cut_bf16 *cut, int64_t piece) {
  const dth_share *share = cut->share;
  int64_t group = piece % cut->groups, chunk = piece / cut->groups % cut->chunks;
  int64_t panels = share->panel_end - share->panel_begin;
  return (matmul_piece_bf16){
      share->batch_begin + piece / cut->groups / cut->chunks,
      dth_part(cut->blocks, chunk, cut->chunks),
      dth_part(cut->blocks, chunk + 1, cut->chunks),
      share->panel_begin + dth_part(panels, group, cut->groups),
      share->panel_begin + dth_part(panels, group + 1, cut->groups),
  };
}
