// Attention of bf16 operands, made as in attention.h: a panel of 32 queries in the lanes of the
// vectors, an online softmax over tiles of keys. Scores and sums are 32-bit floats; the weights of
// the values are rounded to bf16 for the product with the values, and their sum is not.

/// The memory of a thread: queries, results, maxima and sums of each panel; a tile of keys, of
/// values and of scores.
typedef struct {
  float *queries, *results, *maxima, *sums;
  float *keys, *values, *scores;
} bf16_attention_memory;

INLINE vf pair_of(vf low, vf high) {
  return (vf)(__builtin_convertvector(narrow(low), vu) |
              __builtin_convertvector(narrow(high), vu) << 16);
}

/// Turns scores [keys, 32] into pairs of e^(scale (score - maximum)) and carries a panel's sums and
/// results to the maximum.
static void advance_softmax_bf16(
    float *scores, int64_t keys, float scale, float *maxima, float *sums, float *results,
    int64_t value_width) {
  for (int v = 0; v < DTH_PANEL; v += DTH_WIDTH) {
    float *lane = scores + v;
    vf before = load(maxima + v);
    vf top = before;
    for (int64_t key = 0; key < keys; key++) {
      vf score = load(lane + key * DTH_PANEL) * scale;
      store(lane + key * DTH_PANEL, score);
      top = score > top ? score : top;
    }
    vf sum = 0;
    for (int64_t key = 0; key < keys; key += 2) {
      vf low = exponential_of_fall(load(lane + key * DTH_PANEL) - top);
      vf high = 0;
      if (key + 1 < keys) high = exponential_of_fall(load(lane + (key + 1) * DTH_PANEL) - top);
      // Behind what is still to be read.
      store(lane + key / 2 * DTH_PANEL, pair_of(low, high));
      sum += low + high;
    }
    vf carry = exponential_of_fall(before - top);
    store(sums + v, multiply_add(load(sums + v), carry, sum));
    store(maxima + v, top);
    float *result = results + v;
    for (int64_t d = 0; d < value_width; d++) {
      store(result + d * DTH_PANEL, load(result + d * DTH_PANEL) * carry);
    }
  }
}

/// Divides the panel's results [value width, 32] by their sums and stores `queries` rows.
static void store_results_bf16(
    float *results, const float *sums, int64_t queries, int64_t value_width, dth_element element,
    void *out, int64_t row_stride) {
  for (int v = 0; v < DTH_PANEL; v += DTH_WIDTH) {
    vf factor = 1.0f / load(sums + v);
    float *result = results + v;
    for (int64_t d = 0; d < value_width; d++) {
      store(result + d * DTH_PANEL, load(result + d * DTH_PANEL) * factor);
    }
  }
  for (int64_t q = 0; q < queries; q++) {
    for (int64_t d = 0; d < value_width; d++) {
      float x = results[d * DTH_PANEL + q];
      if (element == DTH_BF16) {
        ((uint16_t *)out)[q * row_stride + d] = dth_to_bf16(x);
      } else {
        ((float *)out)[q * row_stride + d] = x;
      }
    }
  }
}

/// Packs rows in blocks of the micro-kernel's rows, each `DTH_PADDED_ROWS` wide.
static void pack_blocks(const operand *rows, int64_t count, int64_t columns, float *out) {
  int64_t blocks = dth_ceil_div(count, DTH_ROWS);
  int64_t words = DTH_WORD_COUNT(columns, DTH_WORD);
  for (int64_t block = 0; block < blocks; block++) {
    int64_t row = dth_part(count, block, blocks);
    int64_t end = dth_part(count, block + 1, blocks);
    float *to = out + block * DTH_PADDED_ROWS * words;
    pack_words(rows, DTH_WORD, row, end - row, columns, DTH_PADDED_ROWS, to);
  }
}

/// The product of packed blocks of `count` rows and a panel, to a tile [count, 32].
static void multiply_blocks(
    int64_t count, int64_t columns, const float *a, const float *b, float *tile,
    bool accumulate) {
  int64_t blocks = dth_ceil_div(count, DTH_ROWS);
  int64_t words = DTH_WORD_COUNT(columns, DTH_WORD);
  for (int64_t block = 0; block < blocks; block++) {
    int64_t row = dth_part(count, block, blocks);
    int64_t end = dth_part(count, block + 1, blocks);
    multiply_words(
        end - row, words, a + block * DTH_PADDED_ROWS * words, b, tile + row * DTH_PANEL,
        accumulate);
  }
}

/// The queries `begin ..< end` of one head.
static void attend_bf16(
    const dth_attention_args *args, const bf16_head *head, int64_t begin, int64_t end,
    const bf16_attention_memory *memory) {
  int64_t width = args->width, value_width = args->value_width;
  int64_t panels = dth_ceil_div(end - begin, DTH_PANEL);
  int64_t panel_words = DTH_WORD_COUNT(width, 2) * DTH_PANEL;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t first = begin + panel * DTH_PANEL;
    int64_t count = dth_min(DTH_PANEL, end - first);
    float *packed = memory->queries + panel * panel_words;
    if (count < DTH_PANEL) memset(packed, 0, (size_t)panel_words * sizeof(float));
    pack_words(&head->q, 2, first, count, width, DTH_PANEL, packed);
  }
  for (int64_t i = 0; i < panels * DTH_PANEL; i++) memory->maxima[i] = -INFINITY;
  memset(memory->sums, 0, (size_t)(panels * DTH_PANEL) * sizeof(float));
  memset(memory->results, 0, (size_t)(panels * DTH_PANEL * value_width) * sizeof(float));

  for (int64_t tile = 0; tile < args->keys; tile += DTH_KEY_TILE) {
    int64_t keys = dth_min(DTH_KEY_TILE, args->keys - tile);
    operand key_rows = head->k, value_columns = head->v;
    key_rows.base = element_address(&head->k, tile, 0);
    // A packed row is a column of the values.
    value_columns.base = element_address(&head->v, tile, 0);
    value_columns.row_stride = 1;
    value_columns.column_stride = args->v_row_stride;
    pack_blocks(&key_rows, keys, width, memory->keys);
    pack_blocks(&value_columns, value_width, keys, memory->values);
    for (int64_t panel = 0; panel < panels; panel++) {
      float *results = memory->results + panel * DTH_PANEL * value_width;
      multiply_blocks(
          keys, width, memory->keys, memory->queries + panel * panel_words, memory->scores, false);
      advance_softmax_bf16(
          memory->scores, keys, args->scale, memory->maxima + panel * DTH_PANEL,
          memory->sums + panel * DTH_PANEL, results, value_width);
      multiply_blocks(value_width, keys, memory->values, memory->scores, results, true);
    }
  }
  int64_t size = args->result_element == DTH_BF16 ? 2 : 4;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t first = begin + panel * DTH_PANEL;
    store_results_bf16(
        memory->results + panel * DTH_PANEL * value_width, memory->sums + panel * DTH_PANEL,
        dth_min(DTH_PANEL, end - first), value_width, args->result_element,
        head->result + first * args->result_row_stride * size, args->result_row_stride);
  }
}

static void attention_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_attention_args *args = arguments;
  int64_t panels = dth_min(dth_ceil_div(args->queries, DTH_PANEL), DTH_QUERY_PANELS);
  int64_t tile = dth_min(args->keys, DTH_KEY_TILE);
  bf16_attention_memory memory;
  memory.queries = scratch;
  memory.results = memory.queries + panels * DTH_PANEL * DTH_WORD_COUNT(args->width, 2);
  memory.maxima = memory.results + panels * DTH_PANEL * args->value_width;
  memory.sums = memory.maxima + panels * DTH_PANEL;
  memory.scores = memory.sums + panels * DTH_PANEL;
  memory.keys = memory.scores + tile * DTH_PANEL;
  memory.values = memory.keys + dth_ceil_div(tile, DTH_ROWS) * DTH_PADDED_ROWS *
                                    DTH_WORD_COUNT(args->width, DTH_WORD);

  // A query's result depends on itself alone.
  dth_query_walk walk = dth_query_walk_of(
      claims, thread, thread_count, args->batch * args->heads,
      dth_ceil_div(args->queries, DTH_PANEL));
  for (dth_query_piece piece; (piece = dth_next_query_piece(&walk)).count > 0;) {
    bf16_head of =
        bf16_head_of(args, operands, piece.head / args->heads, piece.head % args->heads);
    attend_bf16(
        args, &of, piece.panel * DTH_PANEL,
        dth_min((piece.panel + piece.count) * DTH_PANEL, args->queries), &memory);
  }
}
