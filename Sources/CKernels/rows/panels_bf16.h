// Packing the right operand of a bf16 product: panels of pairs, `[k / 2][32][2]`, padded with zero
// to a multiple of `DTH_BF16_K` along k.

#if DTH_BF16_DOT

/// 32 bf16 numbers, 16 from each of two places, rounded where they are floats; those that a mask
/// leaves out are 0.
INLINE __m512i round_32(
    dth_element element, const char *low, const char *high, __mmask16 kept_low,
    __mmask16 kept_high) {
  if (element == DTH_BF16) {
    __m256i first = _mm256_maskz_loadu_epi16(kept_low, low);
    __m256i second = _mm256_maskz_loadu_epi16(kept_high, high);
    return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  }
  return (__m512i)_mm512_cvtne2ps_pbh(
      _mm512_maskz_loadu_ps(kept_high, high), _mm512_maskz_loadu_ps(kept_low, low));
}

/// The lanes below `count`, of 16.
INLINE __mmask16 lanes_below(int64_t count) {
  return (__mmask16)((1u << dth_max(0, dth_min(count, 16))) - 1);
}

/// Transposes 16 x 16 words.
INLINE void transpose_words(__m512i v[16]) {
  __m512i t[16];
  UNROLL for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  UNROLL for (int i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // Lane l of v[4 i + j] holds word 4 l + j of rows 4 i ..< 4 i + 4.
  UNROLL for (int j = 0; j < 4; j++) {
    __m512i low = _mm512_shuffle_i32x4(v[j], v[4 + j], 0x44);
    __m512i high = _mm512_shuffle_i32x4(v[j], v[4 + j], 0xEE);
    __m512i low_rest = _mm512_shuffle_i32x4(v[8 + j], v[12 + j], 0x44);
    __m512i high_rest = _mm512_shuffle_i32x4(v[8 + j], v[12 + j], 0xEE);
    t[j] = _mm512_shuffle_i32x4(low, low_rest, 0x88);
    t[4 + j] = _mm512_shuffle_i32x4(low, low_rest, 0xDD);
    t[8 + j] = _mm512_shuffle_i32x4(high, high_rest, 0x88);
    t[12 + j] = _mm512_shuffle_i32x4(high, high_rest, 0xDD);
  }
  UNROLL for (int i = 0; i < 16; i++) v[i] = t[i];
}

/// Up to 16 rows, from `row` on, of up to 16 pairs of a matrix whose columns are contiguous, from
/// `column` on: v[r] holds the pairs of row r. What is beyond the rows or the columns is 0.
INLINE void read_pairs_by_rows(
    const operand *from, int64_t row, int64_t rows, int64_t column, int64_t columns,
    __m512i v[16]) {
  int64_t size = from->element == DTH_BF16 ? 2 : 4;
  __mmask16 low = lanes_below(columns - column), high = lanes_below(columns - column - 16);
  UNROLL for (int r = 0; r < 16; r++) {
    v[r] = _mm512_setzero_si512();
    if (r < rows) {
      const char *p = element_address(from, row + r, column);
      v[r] = round_32(from->element, p, p + 16 * size, low, high);
    }
  }
}

/// The pair of columns `column` and `column + 1` of up to 16 rows, from `row` on, of a matrix whose
/// rows are contiguous. What is beyond the rows or the columns is 0; `column` is not.
INLINE __m512i read_pairs_of_rows(
    const operand *from, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  const __m512i interleaved = _mm512_set_epi16(
      31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4,
      19, 3, 18, 2, 17, 1, 16, 0);
  const char *p = element_address(from, row, column);
  const char *q = column + 1 < columns ? element_address(from, row, column + 1) : p;
  __mmask16 low = lanes_below(rows);
  __mmask16 high = column + 1 < columns ? low : 0;
  return _mm512_permutexvar_epi16(interleaved, round_32(from->element, p, q, low, high));
}

/// Packs half a panel, 16 columns of the product or fewer.
static void pack_half_panel(
    const operand *from, int64_t first, int64_t count, int64_t k, float *out) {
  int64_t words = dth_round_up(k, DTH_BF16_K) / 2;
  if (from->column_stride == 1) {
    for (int64_t word = 0; word < words; word += 16) {
      __m512i v[16];
      read_pairs_by_rows(from, first, count, 2 * word, k, v);
      transpose_words(v);
      UNROLL for (int i = 0; i < 16; i++) {
        _mm512_storeu_si512(out + (word + i) * DTH_PANEL, v[i]);
      }
    }
  } else {
    for (int64_t word = 0; word < words; word++) {
      __m512i v = 2 * word < k ? read_pairs_of_rows(from, first, count, 2 * word, k)
                               : _mm512_setzero_si512();
      _mm512_storeu_si512(out + word * DTH_PANEL, v);
    }
  }
}

#endif

/// Packs a panel: up to 32 columns of the product, which are rows of `from`, from `first` on.
static void pack_panel(
    const operand *from, int64_t first, int64_t count, int64_t k, float *out) {
#if DTH_BF16_DOT
  if (from->column_offsets == NULL && (from->column_stride == 1 || from->row_stride == 1)) {
    pack_half_panel(from, first, dth_min(count, DTH_WIDTH), k, out);
    pack_half_panel(
        from, first + dth_min(count, DTH_WIDTH), dth_max(0, count - DTH_WIDTH), k,
        out + DTH_WIDTH);
    return;
  }
#endif
  pack_words(from, 2, first, count, k, DTH_PANEL, out);
  int64_t words = DTH_WORD_COUNT(k, 2), all = dth_round_up(k, DTH_BF16_K) / 2;
  memset(out + words * DTH_PANEL, 0, (size_t)((all - words) * DTH_PANEL) * sizeof(float));
}

static void pack_bf16(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_pack_args *args = arguments;
  bool transposed = args->transposed;
  operand weight = {
      operands[1], args->element, transposed ? 1 : args->k, transposed ? args->n : 1, NULL, NULL};
  int64_t panels = dth_ceil_div(args->n, DTH_PANEL);
  int64_t panel_words = dth_round_up(args->k, DTH_BF16_K) / 2 * DTH_PANEL;
  int64_t end = dth_part(panels, thread + 1, thread_count);
  for (int64_t panel = dth_part(panels, thread, thread_count); panel < end; panel++) {
    int64_t column = panel * DTH_PANEL;
    float *out = (float *)operands[0] + panel * panel_words;
    int64_t count = dth_min(DTH_PANEL, args->n - column);
    if (count < DTH_PANEL) memset(out, 0, (size_t)panel_words * sizeof(float));
    pack_panel(&weight, column, count, args->k, out);
  }
}
