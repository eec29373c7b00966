// Tiled attention with an online softmax (Milakov and Gimelshein, "Online normalizer calculation
// for softmax", 2018; Dao et al., "FlashAttention", 2022), queries in the lanes of the vectors.
//
// A panel holds 32 queries. Scores are computed transposed, [keys, 32], so that maxima and sums
// over keys are taken lane by lane, and are at once the panel of the product with the values. They
// are logarithms to the base of 2, and a query's top is an integer: then carrying sums and results
// to another top is exact.

/// The memory of a thread: queries, results, tops and sums of each panel; a tile of keys, of
/// values, of scores and of biases.
typedef struct {
  float *queries, *results, *tops, *sums;
  float *keys, *values, *scores, *biases;
} attention_memory;

/// One head: its first rows, and where its bias and its mask begin, or NULL.
typedef struct {
  const float *q, *k, *v;
  const float *bias, *mask;
  float *result;
} attention_head;

/// A tile of keys that are not all left out.
typedef struct {
  int64_t first, count;
  /// The tile's part of the mask, or NULL.
  const float *mask;
} key_tile;

/// The first tile from key `next` on with a key that is kept; none has a count of 0.
static key_tile next_tile(const float *mask, int64_t next, int64_t keys) {
  if (mask == NULL) return (key_tile){next, dth_min(DTH_KEY_TILE, keys - next), NULL};
  while (next < keys && mask[next] == 0) next++;
  int64_t count = dth_min(DTH_KEY_TILE, keys - next);
  while (count > 0 && mask[next + count - 1] == 0) count--;
  return (key_tile){next, count, mask + next};
}

INLINE bool is_left_out(const key_tile *tile, int64_t key) {
  return tile->mask != NULL && tile->mask[key] == 0;
}

/// Packs a tile of keys in blocks of the micro-kernel's rows, each `DTH_PADDED_ROWS` wide.
static void pack_keys(const source *keys, int64_t count, int64_t width, float *out) {
  dth_blocks blocks = dth_cut_rows(count, DTH_ROWS);
  for (int64_t block = 0; block < blocks.count; block++) {
    int64_t first = dth_block_begin(&blocks, block), rows = dth_block_rows(&blocks, block);
    // The rows of the next block, whose places a processor does not guess.
    for (int64_t row = first + rows; row < dth_min(first + 2 * rows, count); row++) {
      const float *next = keys->base + row * keys->row_stride;
      for (int64_t d = 0; d < width; d += 16) __builtin_prefetch(next + d);
    }
    pack_rows(keys, first, rows, width, DTH_PADDED_ROWS, out);
    out += DTH_PADDED_ROWS * width;
  }
}

/// A tile of keys or of values as the micro-kernel's rows: `rows` of them, in blocks `block_stride`
/// floats apart, or one behind the other where that is 0.
typedef struct {
  int64_t rows, k;
  const float *a;
  int64_t a_stride, block_stride;
} attention_rows;

/// The product with a panel, to a tile [rows, 32] or added to it.
static void multiply_tile(
    const attention_rows *of, const float *panel, float *sums, bool accumulate) {
  dth_blocks blocks = dth_cut_rows(of->rows, DTH_ROWS);
  tile_product tile = {
      .k = of->k,
      .a = of->a,
      .a_stride = of->a_stride,
      .b = panel,
      .from_stride = accumulate ? DTH_PANEL : 0,
      .to = sums,
      .to_stride = DTH_PANEL,
  };
  for (int64_t block = 0; block < blocks.count; block++) {
    int64_t rows = dth_block_rows(&blocks, block);
    tile.from = accumulate ? tile.to : dth_zeros;
    tile.next = tile.a;
    multiply(rows, &tile);
    tile.a += of->block_stride == 0 ? rows : of->block_stride;
    tile.to += rows * DTH_PANEL;
  }
}

/// A tile of values [keys, value width] as it is; a copy whose left-out values are 0 where it has
/// a mask.
static attention_rows value_rows(
    const float *values, int64_t row_stride, int64_t value_width, const key_tile *tile,
    float *copy) {
  attention_rows rows = {value_width, tile->count, values, row_stride, 0};
  if (tile->mask == NULL) return rows;
  for (int64_t key = 0; key < tile->count; key++) {
    float *to = copy + key * value_width;
    size_t size = (size_t)value_width * sizeof(float);
    if (is_left_out(tile, key)) {
      memset(to, 0, size);
    } else {
      memcpy(to, values + key * row_stride, size);
    }
  }
  rows.a = copy;
  rows.a_stride = value_width;
  return rows;
}

/// Adds the bias of a tile of keys to the scores [keys, 32] of `queries` queries from `first` on.
static void add_bias(
    const dth_attention_args *args, const attention_head *head, const key_tile *tile,
    int64_t first, int64_t queries, float *biases, float *scores) {
  const vf to_base_2 = 0x1.715476p0f;
  source rows = {
      head->bias + tile->first * args->bias_key_stride, args->bias_query_stride,
      args->bias_key_stride, NULL, NULL};
  if (args->bias_query_stride != 0) {
    pack_rows(&rows, first, queries, tile->count, DTH_PANEL, biases);
  }
  for (int64_t key = 0; key < tile->count; key++) {
    for (int v = 0; v < DTH_PANEL; v += DTH_WIDTH) {
      float *score = scores + key * DTH_PANEL + v;
      vf bias = args->bias_query_stride != 0 ? load(biases + key * DTH_PANEL + v)
                                             : (vf)rows.base[key * args->bias_key_stride];
      store(score, multiply_add(bias, to_base_2, load(score)));
    }
  }
}

/// The largest scores of the lanes of a vector, over the keys of a tile; NaN is passed over.
INLINE vf largest_scores(const key_tile *tile, const float *lane) {
  vf largest[4];
  UNROLL for (int chain = 0; chain < 4; chain++) largest[chain] = -INFINITY;
  int64_t key = 0;
  if (tile->mask == NULL) {
    for (; key + 4 <= tile->count; key += 4) {
      UNROLL for (int chain = 0; chain < 4; chain++) {
        vf score = load(lane + (key + chain) * DTH_PANEL);
        largest[chain] = score > largest[chain] ? score : largest[chain];
      }
    }
  }
  for (; key < tile->count; key++) {
    vf score = load(lane + key * DTH_PANEL);
    if (!is_left_out(tile, key)) largest[0] = score > largest[0] ? score : largest[0];
  }
  largest[0] = largest[1] > largest[0] ? largest[1] : largest[0];
  largest[2] = largest[3] > largest[2] ? largest[3] : largest[2];
  return largest[2] > largest[0] ? largest[2] : largest[0];
}

/// Turns scores into powers of 2 of their fall from the top, and carries a panel's sums and results
/// to the top; in the first tile there are none.
static void advance_softmax(
    const key_tile *tile, bool is_first, float *scores, float *tops, float *sums, float *results,
    int64_t value_width) {
  for (int v = 0; v < DTH_PANEL; v += DTH_WIDTH) {
    float *lane = scores + v;
    vf before = load(tops + v);
    vf top = __builtin_elementwise_floor(largest_scores(tile, lane) + 0.5f);
    top = top > before ? top : before;
    vf sum = 0;
    for (int64_t key = 0; key < tile->count; key++) {
      vf p = 0;
      if (!is_left_out(tile, key)) p = power_of_fall(load(lane + key * DTH_PANEL), top);
      store(lane + key * DTH_PANEL, p);
      sum += p;
    }
    if (!is_first) {
      vf carry = power_of_fall(before, top);
      sum = multiply_add(load(sums + v), carry, sum);
      float *result = results + v;
      for (int64_t d = 0; d < value_width; d++) {
        store(result + d * DTH_PANEL, load(result + d * DTH_PANEL) * carry);
      }
    }
    store(sums + v, sum);
    store(tops + v, top);
  }
}

/// Divides the panel's results [value width, 32] by their sums and stores `queries` rows.
static void store_results(
    float *results, const float *tops, const float *sums, int64_t queries, int64_t value_width,
    float *out, int64_t row_stride) {
  for (int v = 0; v < DTH_PANEL; v += DTH_WIDTH) {
    // Nothing was above the top that a query begins with.
    vf factor = load(tops + v) == -FLT_MAX ? (vf)0.0f : 1.0f / load(sums + v);
    float *result = results + v;
    for (int64_t d = 0; d < value_width; d++) {
      store(result + d * DTH_PANEL, load(result + d * DTH_PANEL) * factor);
    }
  }
  int64_t d = 0;
  for (; d + DTH_WIDTH <= value_width; d += DTH_WIDTH) {
    const float *rows[DTH_WIDTH];
    for (int r = 0; r < DTH_WIDTH; r++) rows[r] = results + (d + r) * DTH_PANEL;
    int64_t q = 0;
    for (; q + 4 <= queries; q += 4) transpose_rows(rows, q, out + q * row_stride + d, row_stride);
    for (; q < queries; q++) {
      for (int r = 0; r < DTH_WIDTH; r++) out[q * row_stride + d + r] = rows[r][q];
    }
  }
  for (; d < value_width; d++) {
    for (int64_t q = 0; q < queries; q++) out[q * row_stride + d] = results[d * DTH_PANEL + q];
  }
}

/// The queries `begin ..< end` of one head.
static void attend(
    const dth_attention_args *args, const attention_head *head, int64_t begin, int64_t end,
    const attention_memory *memory) {
  int64_t width = args->width, value_width = args->value_width;
  source query_rows = {head->q, args->q_row_stride, 1, NULL, NULL};
  int64_t panels = dth_ceil_div(end - begin, DTH_PANEL);
  float scale = args->scale * 0x1.715476p0f;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t first = begin + panel * DTH_PANEL;
    int64_t count = dth_min(DTH_PANEL, end - first);
    float *packed = memory->queries + panel * DTH_PANEL * width;
    if (count < DTH_PANEL) memset(packed, 0, (size_t)(DTH_PANEL * width) * sizeof(float));
    pack_rows(&query_rows, first, count, width, DTH_PANEL, packed);
    for (int64_t i = 0; i < DTH_PANEL * width; i += DTH_WIDTH) {
      store(packed + i, load(packed + i) * scale);
    }
  }
  for (int64_t i = 0; i < panels * DTH_PANEL; i++) memory->tops[i] = -FLT_MAX;

  key_tile tile = next_tile(head->mask, 0, args->keys);
  bool is_first = true;
  if (tile.count == 0) {
    memset(memory->results, 0, (size_t)(panels * DTH_PANEL * value_width) * sizeof(float));
  }
  while (tile.count > 0) {
    source keys = {
        head->k + tile.first * args->k_row_stride, args->k_row_stride, 1, NULL, NULL};
    pack_keys(&keys, tile.count, width, memory->keys);
    attention_rows of_keys = {
        tile.count, width, memory->keys, DTH_PADDED_ROWS, DTH_PADDED_ROWS * width};
    attention_rows of_values = value_rows(
        head->v + tile.first * args->v_row_stride, args->v_row_stride, value_width, &tile,
        memory->values);
    for (int64_t panel = 0; panel < panels; panel++) {
      const float *packed = memory->queries + panel * DTH_PANEL * width;
      float *results = memory->results + panel * DTH_PANEL * value_width;
      int64_t first = begin + panel * DTH_PANEL;
      multiply_tile(&of_keys, packed, memory->scores, false);
      if (head->bias != NULL) {
        int64_t count = dth_min(DTH_PANEL, end - first);
        add_bias(args, head, &tile, first, count, memory->biases, memory->scores);
      }
      advance_softmax(
          &tile, is_first, memory->scores, memory->tops + panel * DTH_PANEL,
          memory->sums + panel * DTH_PANEL, results, value_width);
      multiply_tile(&of_values, memory->scores, results, !is_first);
    }
    is_first = false;
    tile = next_tile(head->mask, tile.first + tile.count, args->keys);
  }
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t first = begin + panel * DTH_PANEL;
    store_results(
        memory->results + panel * DTH_PANEL * value_width, memory->tops + panel * DTH_PANEL,
        memory->sums + panel * DTH_PANEL, dth_min(DTH_PANEL, end - first), value_width,
        head->result + first * args->result_row_stride, args->result_row_stride);
  }
}

/// Part of a strided operand that may be absent.
INLINE const float *part_of(const float *base, int64_t offset) {
  return base == NULL ? NULL : base + offset;
}

static void attention(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_attention_args *args = arguments;
  int64_t head_panels = dth_ceil_div(args->queries, DTH_PANEL);
  int64_t panels = dth_min(head_panels, DTH_QUERY_PANELS);
  int64_t tile = dth_min(args->keys, DTH_KEY_TILE);
  attention_memory memory;
  memory.queries = scratch;
  memory.results = memory.queries + panels * DTH_PANEL * args->width;
  memory.tops = memory.results + panels * DTH_PANEL * args->value_width;
  memory.sums = memory.tops + panels * DTH_PANEL;
  memory.scores = memory.sums + panels * DTH_PANEL;
  memory.biases = memory.scores + tile * DTH_PANEL;
  memory.keys = memory.biases + tile * DTH_PANEL;
  memory.values = memory.keys + dth_ceil_div(tile, DTH_ROWS) * DTH_PADDED_ROWS * args->width;

  // A query's result depends on itself alone.
  dth_query_walk walk = dth_query_walk_of(
      claims, thread, thread_count, args->batch * args->heads, head_panels);
  for (dth_query_piece piece; (piece = dth_next_query_piece(&walk)).count > 0;) {
    int64_t b = piece.head / args->heads, h = piece.head % args->heads;
    attention_head head = {
        .q = (const float *)operands[1] + b * args->q_batch_stride + h * args->width,
        .k = (const float *)operands[2] + b * args->k_batch_stride + h * args->width,
        .v = (const float *)operands[3] + b * args->v_batch_stride + h * args->value_width,
        .bias = part_of(
            operands[4], b * args->bias_batch_stride + h * args->bias_head_stride),
        .mask = part_of(operands[5], b * args->mask_batch_stride),
        .result =
            (float *)operands[0] + b * args->result_batch_stride + h * args->value_width,
    };
    attend(
        args, &head, piece.panel * DTH_PANEL,
        dth_min((piece.panel + piece.count) * DTH_PANEL, args->queries), &memory);
  }
}
