// Tiles of AMX: eight registers of 16 rows of 64 bytes. A tile of 32-bit sums is 16 x 16; one of
// the left operand is 16 rows of 32 bf16; one of the right operand 16 pairs along k of 16 columns,
// each row half a row of a panel.

/// The bytes of a tile's row.
#define DTH_TILE_BYTES 64

/// The bytes between pairs of a panel, and of a panel for a tile's depth of k.
#define DTH_PAIRS_BYTES (DTH_PANEL * 4)
#define DTH_STEP_BYTES (DTH_BF16_K / 2 * DTH_PAIRS_BYTES)

/// Gives every tile its full size, on this thread; `_tile_release` ends the use of tiles.
INLINE void begin_tiles(void) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } configuration = {.palette = 1};
  for (int tile = 0; tile < 8; tile++) {
    configuration.bytes[tile] = DTH_TILE_BYTES;
    configuration.rows[tile] = DTH_TILE_ROWS;
  }
  _tile_loadconfig(&configuration);
}

/// 16 rows of the left operand: where they begin, the bytes between rows, and between tiles along
/// k.
typedef struct {
  const char *base;
  int64_t row_bytes, step_bytes;
} tile_rows;

/// Rounds `count` elements, at most 32, of a matrix's row from `column` on, and pads them with
/// zero.
INLINE void pack_tile_row(
    const operand *from, int64_t row, int64_t column, int64_t count, uint16_t *out) {
  if (from->column_offsets != NULL || from->column_stride != 1) {
    for (int64_t i = 0; i < DTH_BF16_K; i++) {
      out[i] = i < count ? read_bf16(from, row, column + i) : 0;
    }
    return;
  }
  const char *p = element_address(from, row, column);
  __mmask32 kept = (__mmask32)((1ull << count) - 1);
  if (from->element == DTH_BF16) {
    _mm512_storeu_si512(out, _mm512_maskz_loadu_epi16(kept, p));
  } else {
    const float *x = (const float *)p;
    vf low = (vf)_mm512_maskz_loadu_ps((__mmask16)kept, x);
    vf high = (vf)_mm512_maskz_loadu_ps((__mmask16)(kept >> 16), x + DTH_WIDTH);
    store_bf16(out, low);
    store_bf16(out + DTH_WIDTH, high);
  }
}

/// Packs up to 16 rows of the left operand, from `row` on, as tiles along k; others become zero.
static tile_rows pack_tiles(
    const operand *from, int64_t row, int64_t rows, int64_t columns, char *out) {
  const int64_t tile_bytes = DTH_TILE_ROWS * DTH_TILE_BYTES;
  int64_t steps = dth_ceil_div(columns, DTH_BF16_K);
  if (from->column_offsets == NULL && from->row_stride == 1 && from->column_stride != 1) {
    for (int64_t step = 0; step < steps; step++) {
      __m512i pairs[16];
      for (int64_t i = 0; i < 16; i++) {
        int64_t column = step * DTH_BF16_K + 2 * i;
        pairs[i] = column < columns ? read_pairs_of_rows(from, row, rows, column, columns)
                                    : _mm512_setzero_si512();
      }
      transpose_words(pairs);
      for (int64_t r = 0; r < DTH_TILE_ROWS; r++) {
        _mm512_storeu_si512(out + step * tile_bytes + r * DTH_TILE_BYTES, pairs[r]);
      }
    }
    return (tile_rows){out, DTH_TILE_BYTES, tile_bytes};
  }
  for (int64_t r = 0; r < DTH_TILE_ROWS; r++) {
    for (int64_t step = 0; step < steps; step++) {
      uint16_t *to = (uint16_t *)(out + step * tile_bytes + r * DTH_TILE_BYTES);
      if (r < rows) {
        int64_t column = step * DTH_BF16_K;
        pack_tile_row(from, row + r, column, dth_min(DTH_BF16_K, columns - column), to);
      } else {
        memset(to, 0, DTH_TILE_BYTES);
      }
    }
  }
  return (tile_rows){out, DTH_TILE_BYTES, tile_bytes};
}

/// What is done after each step of a product; the tile instructions cast a long shade.
typedef void (*step_work)(void *state);

/// Which operand of a product is read once while the other is read again and again; it then does
/// not displace the other from the first cache.
typedef enum { STREAM_NONE, STREAM_LEFT, STREAM_RIGHT } tile_stream;

#define DTH_LOAD_TILE(tile, streams, base, stride)                              \
  do {                                                                          \
    if (streams) {                                                              \
      _tile_stream_loadd(tile, base, stride);                                   \
    } else {                                                                    \
      _tile_loadd(tile, base, stride);                                          \
    }                                                                           \
  } while (0)

/// Multiplies one or two tiles of rows with a panel, into `product` of rows `product_bytes` apart,
/// working after each step.
INLINE void multiply_tiles_of(
    const bool two, const tile_stream stream, const tile_rows *upper, const tile_rows *lower,
    const char *panel, int64_t steps, float *product, int64_t product_bytes,
    const step_work work, void *state) {
  const char *a = upper->base, *b = lower->base;
  _tile_zero(0);
  _tile_zero(1);
  if (two) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t step = 0; step < steps; step++) {
    // Of the orders of these loads and products this is the fastest by far.
    DTH_LOAD_TILE(4, stream == STREAM_LEFT, a, upper->row_bytes);
    DTH_LOAD_TILE(6, stream == STREAM_RIGHT, panel, DTH_PAIRS_BYTES);
    DTH_LOAD_TILE(7, stream == STREAM_RIGHT, panel + DTH_TILE_BYTES, DTH_PAIRS_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (two) {
      DTH_LOAD_TILE(5, stream == STREAM_LEFT, b, lower->row_bytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    a += upper->step_bytes;
    b += lower->step_bytes;
    panel += DTH_STEP_BYTES;
    work(state);
  }
  _tile_stored(0, product, product_bytes);
  _tile_stored(1, product + DTH_TILE_ROWS, product_bytes);
  if (two) {
    float *second = product + DTH_TILE_ROWS * (product_bytes / 4);
    _tile_stored(2, second, product_bytes);
    _tile_stored(3, second + DTH_TILE_ROWS, product_bytes);
  }
}

/// `multiply_tiles_of` for a count of tiles that is known when it runs.
INLINE void multiply_tiles(
    bool two, const tile_stream stream, const tile_rows *upper, const tile_rows *lower,
    const char *panel, int64_t steps, float *product, int64_t product_bytes,
    const step_work work, void *state) {
  if (two) {
    multiply_tiles_of(
        true, stream, upper, lower, panel, steps, product, product_bytes, work, state);
  } else {
    multiply_tiles_of(
        false, stream, upper, lower, panel, steps, product, product_bytes, work, state);
  }
}
