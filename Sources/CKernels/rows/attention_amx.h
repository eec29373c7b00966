// `attention_bf16` on AMX. A panel holds 32 queries, whose scores over a tile of up to 1,024 keys
// are rows [32, keys]: rounded weights are at once the left operand of the product with the values.
// Keys are packed in panels of 32 whose pairs lie along the width, values in panels of 32 columns
// whose pairs lie along the keys.
//
// Three panels are in work at once: the softmax of one is done between the steps of the products
// that make the scores of the next and the results of the one before.

/// The memory of a thread; sizes as in `dth_amx_attention`.
typedef struct {
  char *queries, *keys, *values;
  /// Of three panels in turn.
  float *scores, *carries;
  /// Of every panel of queries.
  float *tops, *sums, *results;
} amx_attention_memory;

static amx_attention_memory amx_memory_of(const dth_amx_attention *sizes, char *scratch) {
  amx_attention_memory memory;
  memory.queries = scratch;
  memory.keys = memory.queries + sizes->query_bytes;
  memory.values = memory.keys + sizes->key_bytes;
  memory.scores = (float *)(memory.values + sizes->value_bytes);
  memory.carries = memory.scores + DTH_AMX_TURNS * sizes->score_floats;
  memory.tops = memory.carries + DTH_AMX_TURNS * DTH_PANEL;
  memory.sums = memory.tops + sizes->query_panels * DTH_PANEL;
  memory.results = memory.sums + sizes->query_panels * DTH_PANEL;
  return memory;
}

/// 32 neighbours of a row, of which `count` exist, rounded; the others are 0.
INLINE __m512i read_32(const operand *from, int64_t row, int64_t column, int64_t count) {
  if (count <= 0) return _mm512_setzero_si512();
  uint16_t rounded[DTH_BF16_K];
  pack_tile_row(from, row, column, dth_min(count, DTH_BF16_K), rounded);
  return _mm512_loadu_si512(rounded);
}

/// Transposes a matrix of 16 x 16 words.
INLINE void transpose_16x16(__m512i m[16]) {
  __m512i t[16];
  UNROLL for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(m[i], m[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(m[i], m[i + 1]);
  }
  UNROLL for (int i = 0; i < 16; i += 4) {
    UNROLL for (int j = 0; j < 2; j++) {
      m[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + 2 + j]);
      m[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + 2 + j]);
    }
  }
  // Row 4 g + c of m now has, of each quarter q, column 4 q + c of rows 4 g to 4 g + 3.
  UNROLL for (int c = 0; c < 4; c++) {
    __m512i low = _mm512_shuffle_i32x4(m[c], m[4 + c], 0x88);
    __m512i high = _mm512_shuffle_i32x4(m[8 + c], m[12 + c], 0x88);
    t[c] = _mm512_shuffle_i32x4(low, high, 0x88);
    t[8 + c] = _mm512_shuffle_i32x4(low, high, 0xDD);
    low = _mm512_shuffle_i32x4(m[c], m[4 + c], 0xDD);
    high = _mm512_shuffle_i32x4(m[8 + c], m[12 + c], 0xDD);
    t[4 + c] = _mm512_shuffle_i32x4(low, high, 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(low, high, 0xDD);
  }
  UNROLL for (int i = 0; i < 16; i++) m[i] = t[i];
}

/// Packs `count` keys in whole panels of 32, along the width; others become zero.
static void pack_key_panels(
    const operand *keys, int64_t first, int64_t count, int64_t width, int64_t steps, char *out) {
  for (int64_t panel = 0; panel < count; panel += DTH_PANEL) {
    for (int64_t step = 0; step < steps; step++, out += DTH_STEP_BYTES) {
      int64_t column = step * DTH_BF16_K;
      for (int64_t half = 0; half < 2; half++) {
        __m512i words[16];
        for (int64_t r = 0; r < 16; r++) {
          int64_t key = panel + half * 16 + r;
          words[r] = read_32(keys, first + key, column, key < count ? width - column : 0);
        }
        transpose_16x16(words);
        for (int64_t pair = 0; pair < 16; pair++) {
          _mm512_storeu_si512(
              out + pair * DTH_PAIRS_BYTES + half * DTH_TILE_BYTES, words[pair]);
        }
      }
    }
  }
}

/// Packs the values of `count` keys in panels of 32 columns, along `keys` keys; others become zero.
static void pack_value_panels(
    const operand *values, int64_t first, int64_t count, int64_t keys, int64_t value_width,
    char *out) {
  uint16_t order[2][32];
  for (int i = 0; i < 32; i++) {
    order[0][i] = (uint16_t)(i / 2 + i % 2 * 32);
    order[1][i] = (uint16_t)(16 + i / 2 + i % 2 * 32);
  }
  __m512i low = _mm512_loadu_si512(order[0]), high = _mm512_loadu_si512(order[1]);
  for (int64_t column = 0; column < value_width; column += DTH_PANEL) {
    int64_t columns = dth_min(DTH_PANEL, value_width - column);
    for (int64_t key = 0; key < keys; key += 2, out += DTH_PAIRS_BYTES) {
      __m512i a = read_32(values, first + key, column, key < count ? columns : 0);
      __m512i b = read_32(values, first + key + 1, column, key + 1 < count ? columns : 0);
      _mm512_storeu_si512(out, _mm512_permutex2var_epi16(a, low, b));
      _mm512_storeu_si512(out + DTH_TILE_BYTES, _mm512_permutex2var_epi16(a, high, b));
    }
  }
}

/// A tile of keys, packed.
typedef struct {
  int64_t count, panels;
  bool is_first, is_last;
} amx_key_tile;

/// A head, the panels of its queries that a thread works on, and how.
typedef struct {
  const dth_attention_args *args;
  const dth_amx_attention *sizes;
  const amx_attention_memory *memory;
  operand q, k, v;
  char *result;
  int64_t begin, end;
  /// 1 or -1: the sign of the scale, which goes to the queries.
  float sign;
} amx_head;

/// The queries of panel `panel`.
static int64_t query_count(const amx_head *head, int64_t panel) {
  return dth_min(DTH_PANEL, head->end - head->begin - panel * DTH_PANEL);
}

/// Makes the scores of a panel of queries, and its softmax, doing another's meanwhile.
static softmax_work make_scores(
    const amx_head *head, const amx_key_tile *tile, int64_t panel, softmax_work *other) {
  const amx_attention_memory *memory = head->memory;
  const dth_amx_attention *sizes = head->sizes;
  int64_t turn = panel % DTH_AMX_TURNS, count = query_count(head, panel);
  float *scores = memory->scores + turn * sizes->score_floats;
  int64_t stride = sizes->score_stride;
  tile_rows rows[2];
  for (int64_t half = 0; half < 2; half++) {
    int64_t first = half * DTH_TILE_ROWS;
    rows[half] = pack_tiles(
        &head->q, head->begin + panel * DTH_PANEL + first, count - first, head->args->width,
        memory->queries + half * sizes->query_bytes / 2);
  }
  const char *keys = memory->keys;
  for (int64_t i = 0; i < tile->panels; i++) {
    multiply_tiles(
        count > DTH_TILE_ROWS, STREAM_NONE, &rows[0], &rows[1], keys, sizes->steps,
        scores + i * DTH_PANEL, stride * 4, do_softmax_step, other);
    keys += sizes->steps * DTH_STEP_BYTES;
  }
  int64_t left_out = tile->panels * DTH_PANEL - tile->count;
  for (int64_t r = 0; left_out > 0 && r < count; r++) {
    float *end = scores + r * stride + tile->count;
    for (int64_t i = 0; i < left_out; i++) end[i] = -INFINITY;
  }
  return (softmax_work){
      .scores = scores, .stride = stride, .vectors = tile->panels * 2, .rows = count,
      .scale = fabsf(head->args->scale) * 0x1.715476p0f,
      .tops = memory->tops + panel * DTH_PANEL, .sums = memory->sums + panel * DTH_PANEL,
      .carries = memory->carries + turn * DTH_PANEL, .partial = (vf)-INFINITY,
  };
}

/// Adds the product [32, 32] of weights and a panel of values to the results, and stores the last.
static void add_results(
    const amx_head *head, const amx_key_tile *tile, int64_t panel, int64_t value_panel,
    const float *product) {
  const dth_attention_args *args = head->args;
  int64_t column = value_panel * DTH_PANEL;
  int64_t columns = dth_min(DTH_PANEL, args->value_width - column);
  const float *tops = head->memory->tops + panel * DTH_PANEL;
  const float *sums = head->memory->sums + panel * DTH_PANEL;
  const float *carries = head->memory->carries + panel % DTH_AMX_TURNS * DTH_PANEL;
  float *results = head->memory->results +
                   (panel * head->sizes->value_panels + value_panel) * DTH_PANEL * DTH_PANEL;
  for (int64_t r = 0; r < query_count(head, panel); r++) {
    // Nothing was above the top that a query begins with.
    float factor = tops[r] == -FLT_MAX ? 0 : 1 / sums[r];
    int64_t at = (head->begin + panel * DTH_PANEL + r) * args->result_row_stride + column;
    for (int64_t c = 0; c < columns; c += DTH_WIDTH) {
      vf x = load(product + r * DTH_PANEL + c);
      float *result = results + r * DTH_PANEL + c;
      if (!tile->is_first) x = multiply_add(load(result), (vf)carries[r], x);
      if (tile->is_last) {
        store_as(
            args->result_element, head->result, at + c, x * factor,
            dth_min(DTH_WIDTH, columns - c));
      } else {
        store(result, x);
      }
    }
  }
}

/// Makes the results of a panel of queries from its weights, doing another's softmax meanwhile.
static void make_results(
    const amx_head *head, const amx_key_tile *tile, int64_t panel, softmax_work *other) {
  const dth_amx_attention *sizes = head->sizes;
  int64_t row_bytes = sizes->score_stride * 4;
  const char *weights =
      (const char *)(head->memory->scores + panel % DTH_AMX_TURNS * sizes->score_floats);
  tile_rows upper = {weights, row_bytes, DTH_TILE_BYTES};
  tile_rows lower = {weights + DTH_TILE_ROWS * row_bytes, row_bytes, DTH_TILE_BYTES};
  _Alignas(64) float product[DTH_PANEL * DTH_PANEL];
  for (int64_t i = 0; i < sizes->value_panels; i++) {
    multiply_tiles(
        query_count(head, panel) > DTH_TILE_ROWS, STREAM_NONE, &upper, &lower,
        head->memory->values + i * sizes->tile_keys / DTH_BF16_K * DTH_STEP_BYTES, tile->panels,
        product, DTH_PAIRS_BYTES, do_softmax_step, other);
    add_results(head, tile, panel, i, product);
  }
}

/// The queries of a head that a thread works on.
static void attend_amx(const amx_head *head) {
  const amx_attention_memory *memory = head->memory;
  const dth_attention_args *args = head->args;
  const dth_amx_attention *sizes = head->sizes;
  int64_t panels = dth_ceil_div(head->end - head->begin, DTH_PANEL);
  for (int64_t i = 0; i < panels * DTH_PANEL; i++) memory->tops[i] = -FLT_MAX;
  memset(memory->sums, 0, (size_t)(panels * DTH_PANEL) * sizeof(float));
  for (int64_t i = 0; i < sizes->tiles; i++) {
    int64_t first = dth_min(i * sizes->tile_keys, args->keys);
    amx_key_tile tile = {
        .count = dth_min(sizes->tile_keys, args->keys - first),
        .is_first = i == 0,
        .is_last = i == sizes->tiles - 1,
    };
    tile.panels = dth_ceil_div(tile.count, DTH_PANEL);
    pack_key_panels(
        &head->k, first, tile.count, args->width, sizes->steps, memory->keys);
    pack_value_panels(
        &head->v, first, tile.count, sizes->tile_keys, args->value_width, memory->values);
    softmax_work works[DTH_AMX_TURNS] = {0};
    for (int64_t turn = 0; turn < panels + 2; turn++) {
      softmax_work *work = &works[(turn + 2) % DTH_AMX_TURNS];
      int64_t steps = turn < panels ? tile.panels * sizes->steps : 0;
      if (turn >= 2) steps += tile.panels * sizes->value_panels;
      work->parts_per_step = dth_ceil_div(softmax_parts(work), dth_max(1, steps));
      if (turn < panels) {
        works[turn % DTH_AMX_TURNS] = make_scores(head, &tile, turn, work);
      }
      if (turn >= 2) make_results(head, &tile, turn - 2, work);
      do_softmax(work, INT64_MAX);
    }
  }
}

static void attention_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_attention_args *args = arguments;
  dth_amx_attention sizes = dth_amx_attention_of(args);
  amx_attention_memory memory = amx_memory_of(&sizes, scratch);
  // A query's result depends on itself alone.
  dth_query_walk walk = dth_query_walk_of(
      claims, thread, thread_count, args->batch * args->heads,
      dth_ceil_div(args->queries, DTH_PANEL));
  begin_tiles();
  for (dth_query_piece piece; (piece = dth_next_query_piece(&walk)).count > 0;) {
    bf16_head operands_of =
        bf16_head_of(args, operands, piece.head / args->heads, piece.head % args->heads);
    amx_head head = {
        .args = args, .sizes = &sizes, .memory = &memory,
        .q = operands_of.q, .k = operands_of.k, .v = operands_of.v,
        .result = operands_of.result,
        .begin = piece.panel * DTH_PANEL,
        .end = dth_min((piece.panel + piece.count) * DTH_PANEL, args->queries),
        .sign = args->scale < 0 ? -1 : 1,
    };
    attend_amx(&head);
  }
  _tile_release();
}
