// Tiled attention with an online softmax (Milakov and Gimelshein, "Online normalizer calculation
// for softmax", 2018; Dao et al., "FlashAttention", 2022), queries in the lanes of the vectors.
//
// A panel holds 32 queries. Scores are computed transposed, [keys, 32], so that maxima and sums
// over keys are taken lane by lane, and are at once the panel of the product with the values.

/// The vectors of a panel.
#define DTH_PANEL_VECTORS (DTH_PANEL / DTH_WIDTH)

/// The memory of a thread: queries, results, maxima and sums of each panel; a tile of keys, of
/// values and of scores.
typedef struct {
  float *queries, *results, *maxima, *sums;
  float *keys, *values, *scores;
} attention_memory;

/// Turns scores into e^(score - maximum), and carries a panel's sums and results to the maximum.
static void advance_softmax(
    float *scores, int64_t keys, float *maxima, float *sums, float *results, int64_t value_width) {
  for (int v = 0; v < DTH_PANEL_VECTORS; v++) {
    float *lane = scores + v * DTH_WIDTH;
    vf before = load(maxima + v * DTH_WIDTH);
    vf top = before;
    for (int64_t key = 0; key < keys; key++) {
      vf score = load(lane + key * DTH_PANEL);
      top = score > top ? score : top;
    }
    vf sum = 0;
    for (int64_t key = 0; key < keys; key++) {
      vf p = exponential_of_fall(load(lane + key * DTH_PANEL) - top);
      store(lane + key * DTH_PANEL, p);
      sum += p;
    }
    vf carry = exponential_of_fall(before - top);
    store(sums + v * DTH_WIDTH, multiply_add(load(sums + v * DTH_WIDTH), carry, sum));
    store(maxima + v * DTH_WIDTH, top);
    float *result = results + v * DTH_WIDTH;
    for (int64_t d = 0; d < value_width; d++) {
      store(result + d * DTH_PANEL, load(result + d * DTH_PANEL) * carry);
    }
  }
}

/// Divides the panel's results [value width, 32] by their sums and stores `queries` rows.
static void store_results(
    float *results, const float *sums, int64_t queries, int64_t value_width, float *out,
    int64_t row_stride) {
  for (int v = 0; v < DTH_PANEL_VECTORS; v++) {
    vf factor = 1.0f / load(sums + v * DTH_WIDTH);
    float *result = results + v * DTH_WIDTH;
    for (int64_t d = 0; d < value_width; d++) {
      store(result + d * DTH_PANEL, load(result + d * DTH_PANEL) * factor);
    }
  }
  int64_t d = 0;
  for (; d + 4 <= value_width; d += 4) {
    const float *four[4];
    for (int r = 0; r < 4; r++) four[r] = results + (d + r) * DTH_PANEL;
    int64_t q = 0;
    for (; q + 4 <= queries; q += 4) transpose_4x4(four, q, out + q * row_stride + d, row_stride);
    for (; q < queries; q++) {
      for (int r = 0; r < 4; r++) out[q * row_stride + d + r] = four[r][q];
    }
  }
  for (; d < value_width; d++) {
    for (int64_t q = 0; q < queries; q++) out[q * row_stride + d] = results[d * DTH_PANEL + q];
  }
}

/// The queries `begin ..< end` of one head; `q`, `k`, `v` and `out` point at the head's first row.
static void attend(
    const dth_attention_args *args, const float *q, const float *k, const float *v, float *out,
    int64_t begin, int64_t end, const attention_memory *memory) {
  int64_t width = args->width, value_width = args->value_width;
  source query_rows = {q, args->q_row_stride, 1, NULL, NULL};
  source key_rows = {k, args->k_row_stride, 1, NULL, NULL};
  source value_columns = {v, 1, args->v_row_stride, NULL, NULL};
  int64_t panels = dth_ceil_div(end - begin, DTH_PANEL);
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t first = begin + panel * DTH_PANEL;
    int64_t count = dth_min(DTH_PANEL, end - first);
    float *packed = memory->queries + panel * DTH_PANEL * width;
    if (count < DTH_PANEL) memset(packed, 0, (size_t)(DTH_PANEL * width) * sizeof(float));
    pack_rows(&query_rows, first, count, width, DTH_PANEL, packed);
    for (int64_t i = 0; i < DTH_PANEL * width; i += DTH_WIDTH) {
      store(packed + i, load(packed + i) * args->scale);
    }
  }
  for (int64_t i = 0; i < panels * DTH_PANEL; i++) memory->maxima[i] = -INFINITY;
  memset(memory->sums, 0, (size_t)(panels * DTH_PANEL) * sizeof(float));
  memset(memory->results, 0, (size_t)(panels * DTH_PANEL * value_width) * sizeof(float));

  int64_t value_blocks = dth_ceil_div(value_width, DTH_ROWS);
  for (int64_t tile = 0; tile < args->keys; tile += DTH_KEY_TILE) {
    int64_t keys = dth_min(DTH_KEY_TILE, args->keys - tile);
    int64_t key_blocks = dth_ceil_div(keys, DTH_ROWS);
    for (int64_t block = 0; block < key_blocks; block++) {
      int64_t key = dth_part(keys, block, key_blocks);
      int64_t count = dth_part(keys, block + 1, key_blocks) - key;
      float *to = memory->keys + block * DTH_PADDED_ROWS * width;
      pack_rows(&key_rows, tile + key, count, width, DTH_PADDED_ROWS, to);
    }
    source values = value_columns;
    values.base += tile * args->v_row_stride;
    for (int64_t block = 0; block < value_blocks; block++) {
      int64_t d = dth_part(value_width, block, value_blocks);
      int64_t count = dth_part(value_width, block + 1, value_blocks) - d;
      float *to = memory->values + block * DTH_PADDED_ROWS * keys;
      pack_rows(&values, d, count, keys, DTH_PADDED_ROWS, to);
    }
    for (int64_t panel = 0; panel < panels; panel++) {
      const float *packed = memory->queries + panel * DTH_PANEL * width;
      float *results = memory->results + panel * DTH_PANEL * value_width;
      for (int64_t block = 0; block < key_blocks; block++) {
        int64_t key = dth_part(keys, block, key_blocks);
        int64_t count = dth_part(keys, block + 1, key_blocks) - key;
        multiply(
            count, width, memory->keys + block * DTH_PADDED_ROWS * width, packed,
            memory->scores + key * DTH_PANEL, false);
      }
      advance_softmax(
          memory->scores, keys, memory->maxima + panel * DTH_PANEL,
          memory->sums + panel * DTH_PANEL, results, value_width);
      for (int64_t block = 0; block < value_blocks; block++) {
        int64_t d = dth_part(value_width, block, value_blocks);
        int64_t count = dth_part(value_width, block + 1, value_blocks) - d;
        multiply(
            count, keys, memory->values + block * DTH_PADDED_ROWS * keys, memory->scores,
            results + d * DTH_PANEL, true);
      }
    }
  }
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t first = begin + panel * DTH_PANEL;
    store_results(
        memory->results + panel * DTH_PANEL * value_width, memory->sums + panel * DTH_PANEL,
        dth_min(DTH_PANEL, end - first), value_width, out + first * args->result_row_stride,
        args->result_row_stride);
  }
}

static void attention(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  const dth_attention_args *args = arguments;
  int64_t panels = dth_min(dth_ceil_div(args->queries, DTH_PANEL), DTH_QUERY_PANELS);
  int64_t tile = dth_min(args->keys, DTH_KEY_TILE);
  attention_memory memory;
  memory.queries = scratch;
  memory.results = memory.queries + panels * DTH_PANEL * args->width;
  memory.maxima = memory.results + panels * DTH_PANEL * args->value_width;
  memory.sums = memory.maxima + panels * DTH_PANEL;
  memory.scores = memory.sums + panels * DTH_PANEL;
  memory.keys = memory.scores + tile * DTH_PANEL;
  memory.values = memory.keys + dth_ceil_div(tile, DTH_ROWS) * DTH_PADDED_ROWS * args->width;

  // The queries of all heads in a row are cut evenly; a query's result depends on itself alone.
  int64_t total = args->batch * args->heads * args->queries;
  int64_t next = dth_part(total, thread, thread_count);
  int64_t end = dth_part(total, thread + 1, thread_count);
  while (next < end) {
    int64_t head = next / args->queries;
    int64_t begin = next % args->queries;
    int64_t count = dth_min(end - next, args->queries - begin);
    count = dth_min(count, panels * DTH_PANEL);
    int64_t b = head / args->heads, h = head % args->heads;
    attend(
        args, (const float *)operands[1] + b * args->q_batch_stride + h * args->width,
        (const float *)operands[2] + b * args->k_batch_stride + h * args->width,
        (const float *)operands[3] + b * args->v_batch_stride + h * args->value_width,
        (float *)operands[0] + b * args->result_batch_stride + h * args->value_width, begin,
        begin + count, &memory);
    next += count;
  }
}
