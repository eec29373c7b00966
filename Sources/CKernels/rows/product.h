// Products of matrices: the loops around the micro-kernel, and what a thread does of them.
//
// A thread multiplies a chunk of its rows, packed, by all its panels before it turns to the next
// chunk, so that the chunk stays in the second cache and a panel is read once for each chunk. Where
// k is long it is cut too, and the sums so far of a group of panels wait in memory. Meanwhile it
// reads ahead what it will pack next, where that lies in one piece.

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
  /// The left operand of the product after this one, or NULL.
  const float *following;
} product;

/// A chunk of a share's rows, packed along part of k.
typedef struct {
  /// The blocks that cut the share's rows, and those of the chunk.
  dth_blocks blocks;
  int64_t first, end;
  int64_t k_begin, k_end;
  const float *rows;
  /// What is packed after this chunk, and its lines of the cache.
  const float *ahead;
  int64_t ahead_lines;
} product_chunk;

/// The rows of memory that are packed together; as many are read ahead.
#define DTH_STRIP 8

/// Packs the blocks of a chunk of a matrix whose columns are contiguous, by strips of them.
static void pack_columns(
    const source *rows, const dth_share *share, const product_chunk *chunk, float *out) {
  int64_t k = chunk->k_end - chunk->k_begin;
  int64_t begin = dth_block_begin(&chunk->blocks, chunk->first);
  int64_t row_count = dth_block_begin(&chunk->blocks, chunk->end) - begin;
  const float *base = rows->base + share->row_begin + begin;
  for (int64_t strip = 0; strip < k; strip += DTH_STRIP) {
    int64_t end = dth_min(strip + DTH_STRIP, k), row = 0;
    float *to = out;
    for (int64_t block = chunk->first; block < chunk->end; block++, to += DTH_PADDED_ROWS * k) {
      int64_t count = dth_block_rows(&chunk->blocks, block);
      bool is_whole = row + DTH_PADDED_ROWS <= row_count;
      for (int64_t i = strip; i < end; i++) {
        const float *from = base + row + i * rows->column_stride;
        __builtin_prefetch(from + DTH_STRIP * rows->column_stride);
        for (int64_t r = 0; r < count; r += DTH_WIDTH) {
          vf v = is_whole ? load(from + r) : load_part(from + r, dth_min(count - r, DTH_WIDTH));
          store(to + i * DTH_PADDED_ROWS + r, v);
        }
      }
      row += count;
    }
  }
}

static void pack_chunk(
    const product *of, const dth_share *share, const product_chunk *chunk, float *out) {
  source rows = of->rows;
  if (rows.column_offsets != NULL) {
    rows.column_offsets += chunk->k_begin;
  } else {
    rows.base += chunk->k_begin * rows.column_stride;
  }
  if (rows.column_offsets == NULL && rows.row_stride == 1 && rows.column_stride != 1) {
    pack_columns(&rows, share, chunk, out);
    return;
  }
  int64_t k = chunk->k_end - chunk->k_begin;
  for (int64_t block = chunk->first; block < chunk->end; block++) {
    int64_t row = share->row_begin + dth_block_begin(&chunk->blocks, block);
    int64_t count = dth_block_rows(&chunk->blocks, block);
    pack_rows(&rows, row, count, k, DTH_PADDED_ROWS, out);
    out += DTH_PADDED_ROWS * k;
  }
}

/// Packs the chunk's part of panels `begin ..< end` where the product has no packed ones.
static void pack_panels(
    const product *of, const product_chunk *chunk, int64_t begin, int64_t end, float *out) {
  int64_t k = chunk->k_end - chunk->k_begin, whole = dth_min(end, of->n / DTH_PANEL);
  source columns = of->columns;
  columns.base += chunk->k_begin * columns.column_stride;
  int64_t panel = begin;
  if (columns.row_stride == 1 && whole > begin) {
    // A row of memory at a time.
    for (int64_t i = 0; i < k; i++) {
      const float *from = columns.base + begin * DTH_PANEL + i * columns.column_stride;
      float *to = out + i * DTH_PANEL;
      for (panel = begin; panel < whole; panel++, from += DTH_PANEL, to += DTH_PANEL * k) {
        __builtin_prefetch(from + DTH_STRIP * columns.column_stride);
        __builtin_prefetch(from + DTH_STRIP * columns.column_stride + DTH_PANEL / 2);
        UNROLL for (int c = 0; c < DTH_PANEL; c += DTH_WIDTH) store(to + c, load(from + c));
      }
    }
  }
  for (out += (panel - begin) * DTH_PANEL * k; panel < end; panel++, out += DTH_PANEL * k) {
    int64_t column = panel * DTH_PANEL, count = dth_min(DTH_PANEL, of->n - column);
    if (count < DTH_PANEL) memset(out, 0, (size_t)(DTH_PANEL * k) * sizeof(float));
    pack_rows(&columns, column, count, k, DTH_PANEL, out);
  }
}

/// A panel's bias, copied to `space` where the panel is not whole; zeros where there is none.
INLINE const float *panel_bias(
    const float *bias, int64_t column, int64_t columns, float *space) {
  if (bias == NULL) return dth_zeros;
  if (columns == DTH_PANEL) return bias + column;
  memset(space, 0, DTH_PANEL * sizeof(float));
  return memcpy(space, bias + column, (size_t)columns * sizeof(float));
}

/// Multiplies blocks `begin ..< end` of a chunk by the panels of one panel of the result.
///
/// `packed` is the chunk's part of them, `turn` how often the chunk was multiplied before. The tiles
/// of a block are `stride` floats behind those of the block before.
static void multiply_chunk(
    const product *of, const dth_share *share, const product_chunk *chunk, int64_t begin,
    int64_t end, const epilogue *how, int64_t panel, const float *packed, int64_t turn,
    float *tiles, int64_t stride) {
  int64_t k = chunk->k_end - chunk->k_begin;
  int64_t column = panel * DTH_PANEL, columns = dth_min(DTH_PANEL, of->n - column);
  bool first = chunk->k_begin == 0, last = chunk->k_end == of->k;
  bool is_plain = last && of->tiles == 1 && columns == DTH_PANEL;
  const float *parts[2], *biases[2];
  float bias_space[2 * DTH_PANEL];
  for (int64_t i = 0; i < of->tiles; i++) {
    parts[i] = packed + i * of->k * DTH_PANEL;
    biases[i] = panel_bias(
        i == 0 ? how->bias : how->value_bias, column, columns, bias_space + i * DTH_PANEL);
  }
  // What will be multiplied after these panels.
  bool reads_on = of->packed != NULL && panel + 1 < share->panel_end;
  int64_t distance = reads_on ? of->tiles * of->k * DTH_PANEL : 0;
  for (int64_t block = begin; block < end; block++, tiles += stride) {
    int64_t row = share->row_begin + dth_block_begin(&chunk->blocks, block);
    int64_t rows = dth_block_rows(&chunk->blocks, block);
    const float *a = chunk->rows + (block - chunk->first) * DTH_PADDED_ROWS * k;
    // A block reads a quarter of the panel's lines ahead; those after the fourth, or all where
    // panels are at hand, what is packed next.
    int64_t quarter = dth_min(block - chunk->first, 3) * (k / 2) * 16;
    int64_t skipped = reads_on ? 4 : 0;
    int64_t line = (turn * (chunk->end - chunk->first - skipped) + block - chunk->first - skipped) *
                   (k / 2);
    bool reads_chunk = block - chunk->first >= skipped && line + k / 2 <= chunk->ahead_lines;
    bool direct = false;
    for (int64_t i = 0; i < of->tiles; i++) {
      float *sums = tiles + i * DTH_ROWS * DTH_PANEL;
      tile_product tile = {
          .k = k,
          .a = a,
          .a_stride = DTH_PADDED_ROWS,
          .b = parts[i],
          .from = first ? biases[i] : sums,
          .from_stride = first ? 0 : DTH_PANEL,
          .to = sums,
          .to_stride = DTH_PANEL,
          .next = reads_chunk ? chunk->ahead + line * 16 : parts[i] + distance + quarter,
      };
      direct = is_plain && is_gating(how, row, rows, column, &tile);
      multiply(rows, &tile);
    }
    if (last && !direct) {
      const float *values = of->tiles == 2 ? tiles + DTH_ROWS * DTH_PANEL : NULL;
      store_tile(how, tiles, values, row, rows, column, columns);
    }
  }
}

/// How a share is cut into pieces: chunks of rows, each by groups of panels, each by parts of the
/// chunk's blocks.
typedef struct {
  dth_product_cut cut;
  int64_t chunks, groups, parts;
} product_pieces;

/// The pieces of a share, small enough that another thread may take over the last of them.
static product_pieces cut_share(const product *of, const dth_share *share) {
  int64_t rows = share->row_end - share->row_begin;
  int64_t panels = share->panel_end - share->panel_begin;
  product_pieces pieces = {
      dth_cut_product(rows, of->k, DTH_ROWS, DTH_PADDED_ROWS, of->packed != NULL), 1, 1, 1};
  if (rows == 0 || panels == 0) {
    pieces.chunks = 0;
    return pieces;
  }
  const dth_product_cut *cut = &pieces.cut;
  pieces.chunks = dth_ceil_div(cut->blocks.count, cut->chunk_blocks);
  if (cut->depths > 1) {
    int64_t most = of->packed != NULL ? DTH_GROUP_PANELS / of->tiles : DTH_UNPACKED_PANELS;
    pieces.groups = dth_ceil_div(panels, most);
  } else {
    pieces.groups = panels;
    // A panel that is packed is packed once for all blocks.
    int64_t chunk_blocks = cut->blocks.count / pieces.chunks;
    int64_t wanted = dth_ceil_div(DTH_SHARE_PIECES, pieces.chunks * panels);
    if (of->packed != NULL) pieces.parts = dth_max(1, dth_min(wanted, chunk_blocks / 4));
  }
  return pieces;
}

/// What a thread keeps from piece to piece: the rows that lie packed in its scratch.
typedef struct {
  int64_t row, rows, k_begin;
} packed_rows;

/// Says what is packed after a chunk that `wanted` describes: the next rows, or where k is cut the
/// next of one operand; nothing unless it lies in one piece.
static void look_ahead(
    const product *of, const dth_share *share, const packed_rows *wanted, product_chunk *chunk) {
  const source *rows = &of->rows, *columns = &of->columns;
  int64_t count = 0;
  if (chunk->k_end < of->k) {
    int64_t next = dth_min(of->k - chunk->k_end, chunk->k_end - chunk->k_begin);
    bool is_contiguous = columns->row_stride == 1 && columns->column_stride == of->n;
    if (of->packed == NULL && is_contiguous && of->n <= DTH_UNPACKED_PANELS * DTH_PANEL) {
      chunk->ahead = columns->base + chunk->k_end * of->n;
      count = next * of->n;
    } else if (rows->row_stride == 1 && rows->column_stride == wanted->rows - wanted->row) {
      chunk->ahead = rows->base + chunk->k_end * rows->column_stride;
      count = next * rows->column_stride;
    }
  } else if (
      chunk->k_begin == 0 && rows->column_offsets == NULL && rows->column_stride == 1 &&
      rows->row_stride == of->k) {
    chunk->ahead = rows->base + wanted->rows * of->k;
    count = dth_min(share->row_end - wanted->rows, wanted->rows - wanted->row) * of->k;
  }
  if (chunk->k_end == of->k && wanted->rows == share->row_end && of->following != NULL) {
    chunk->ahead = of->following;
    count = (share->row_end - share->row_begin) * of->k;
  }
  chunk->ahead_lines = count / 16;
}

/// Multiplies and stores a piece.
static void multiply_piece(
    const product *of, const dth_share *share, const product_pieces *pieces, int64_t piece,
    const epilogue *how, packed_rows *kept, float *scratch) {
  const dth_product_cut *cut = &pieces->cut;
  int64_t part = piece % pieces->parts, group = piece / pieces->parts % pieces->groups;
  int64_t index = piece / pieces->parts / pieces->groups;
  int64_t tile_floats = of->tiles * DTH_ROWS * DTH_PANEL;
  int64_t panels = share->panel_end - share->panel_begin;
  int64_t begin = share->panel_begin + dth_part(panels, group, pieces->groups);
  int64_t end = share->panel_begin + dth_part(panels, group + 1, pieces->groups);
  float *space = scratch + cut->chunk_blocks * DTH_PADDED_ROWS * cut->depth;
  float *sums = of->packed == NULL ? space + (end - begin) * DTH_PANEL * cut->depth : space;
  _Alignas(64) float tiles[2 * DTH_ROWS * DTH_PANEL];

  product_chunk chunk = {.blocks = cut->blocks, .rows = scratch};
  chunk.first = dth_part(cut->blocks.count, index, pieces->chunks);
  chunk.end = dth_part(cut->blocks.count, index + 1, pieces->chunks);
  int64_t blocks = chunk.end - chunk.first;
  packed_rows wanted = {
      share->row_begin + dth_block_begin(&chunk.blocks, chunk.first),
      share->row_begin + dth_block_begin(&chunk.blocks, chunk.end), 0};
  for (int64_t depth = 0; depth < cut->depths; depth++) {
    chunk.k_begin = dth_part(of->k, depth, cut->depths);
    chunk.k_end = dth_part(of->k, depth + 1, cut->depths);
    wanted.k_begin = chunk.k_begin;
    if (memcmp(kept, &wanted, sizeof wanted) != 0) pack_chunk(of, share, &chunk, scratch);
    *kept = wanted;
    look_ahead(of, share, &wanted, &chunk);
    if (of->packed == NULL) pack_panels(of, &chunk, begin, end, space);
    for (int64_t panel = begin; panel < end; panel++) {
      bool whole = cut->depths == 1;
      const float *packed =
          of->packed == NULL
              ? space + (panel - begin) * DTH_PANEL * (chunk.k_end - chunk.k_begin)
              : of->packed + (panel * of->tiles * of->k + chunk.k_begin) * DTH_PANEL;
      multiply_chunk(
          of, share, &chunk, chunk.first + dth_part(blocks, part, pieces->parts),
          chunk.first + dth_part(blocks, part + 1, pieces->parts), how, panel, packed,
          panel - (whole ? share->panel_begin : begin),
          whole ? tiles : sums + (panel - begin) * blocks * tile_floats,
          whole ? 0 : tile_floats);
    }
  }
}

static void linear(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
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
  dth_walk walk = dth_walk_of(claims, thread, thread_count);
  packed_rows kept = {-1, -1, -1};
  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    dth_share share = dth_product_share(
        1, args->m, dth_ceil_div(args->n, DTH_PANEL), owner, thread_count);
    product_pieces pieces = cut_share(&of, &share);
    int64_t count = (share.batch_end - share.batch_begin) * pieces.chunks * pieces.groups *
                    pieces.parts;
    for (int64_t piece; (piece = dth_claim_piece(&walk, count)) >= 0;) {
      multiply_piece(&of, &share, &pieces, piece, &how, &kept, scratch);
    }
  }
}

/// One product of a batch.
static product matmul_entry(
    const dth_matmul_args *args, void *const *operands, int64_t entry, epilogue *how) {
  int64_t a = 0, b = 0, c = 0;
  for (int axis = DTH_BATCH_AXES - 1; axis >= 0; axis--) {
    int64_t index = entry % args->batch[axis];
    entry /= args->batch[axis];
    a += index * args->a_batch_strides[axis];
    b += index * args->b_batch_strides[axis];
    c += index * args->result_batch_strides[axis];
  }
  *how = (epilogue){
      .result = (float *)operands[0] + c, .result_stride = args->result_stride,
      .rows_per_gate = 1, .rows_per_residual = 1, .residual_rows = 1};
  return (product){
      .rows = {(const float *)operands[1] + a, args->a_row_stride, args->a_column_stride, NULL,
               NULL},
      .k = args->k,
      // A packed row is a column of B.
      .columns = {(const float *)operands[2] + b, args->b_column_stride, args->b_row_stride, NULL,
                  NULL},
      .n = args->n,
      .tiles = 1,
  };
}

static void matmul(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_matmul_args *args = arguments;
  int64_t batch = 1;
  for (int axis = 0; axis < DTH_BATCH_AXES; axis++) batch *= args->batch[axis];
  epilogue how;
  product of = matmul_entry(args, operands, 0, &how);
  dth_walk walk = dth_walk_of(claims, thread, thread_count);
  packed_rows kept = {-1, -1, -1};
  bool is_contiguous = args->a_batch_strides[DTH_BATCH_AXES - 1] == args->m * args->k &&
                       args->a_row_stride + args->a_column_stride ==
                           1 + (args->a_column_stride == 1 ? args->k : args->m);
  int64_t current = 0;
  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    dth_share share = dth_product_share(
        batch, args->m, dth_ceil_div(args->n, DTH_PANEL), owner, thread_count);
    product_pieces pieces = cut_share(&of, &share);
    int64_t entry_pieces = pieces.chunks * pieces.groups * pieces.parts;
    int64_t count = (share.batch_end - share.batch_begin) * entry_pieces;
    for (int64_t piece; (piece = dth_claim_piece(&walk, count)) >= 0;) {
      int64_t entry = share.batch_begin + piece / entry_pieces;
      if (entry != current) {
        of = matmul_entry(args, operands, entry, &how);
        current = entry;
        kept = (packed_rows){-1, -1, -1};
      }
      bool is_followed = is_contiguous && entry + 1 < share.batch_end;
      of.following = is_followed ? of.rows.base + args->m * args->k : NULL;
      multiply_piece(&of, &share, &pieces, piece % entry_pieces, &how, &kept, scratch);
    }
  }
}
