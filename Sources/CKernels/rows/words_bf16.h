// Packed operands of bf16 products. A word is one bf16 number as a 32-bit float, or a pair of
// neighbours: panels hold pairs, and packed rows what the micro-kernel broadcasts, which is pairs
// where it multiplies pairs.

/// The elements of a word of packed rows.
#define DTH_WORD (DTH_BF16_DOT ? 2 : 1)

/// The words of `count` elements, which are padded with zero to whole pairs.
#define DTH_WORD_COUNT(count, word) (((count) + 1) / 2 * (2 / (word)))

typedef uint16_t v4h __attribute__((ext_vector_type(4)));
typedef uint16_t v4h_unaligned __attribute__((ext_vector_type(4), aligned(2)));
typedef uint32_t v4u __attribute__((ext_vector_type(4)));
typedef uint32_t v4_pairs __attribute__((ext_vector_type(4), aligned(2)));

/// A matrix of either type: by strides, or by offsets of rows and columns where they are not NULL.
typedef struct {
  const void *base;
  dth_element element;
  int64_t row_stride, column_stride;
  const int32_t *row_offsets, *column_offsets;
} operand;

INLINE const char *element_address(const operand *from, int64_t row, int64_t column) {
  int64_t at = from->column_offsets != NULL
                   ? from->row_offsets[row] + from->column_offsets[column]
                   : row * from->row_stride + column * from->column_stride;
  return (const char *)from->base + at * (from->element == DTH_BF16 ? 2 : 4);
}

INLINE uint16_t read_bf16(const operand *from, int64_t row, int64_t column) {
  const char *address = element_address(from, row, column);
  return from->element == DTH_BF16 ? *(const uint16_t *)address
                                   : dth_to_bf16(*(const float *)address);
}

/// A word, of `size` elements, of a row of `columns` elements.
INLINE float read_word(
    const operand *from, int size, int64_t row, int64_t word, int64_t columns) {
  uint32_t halves[2] = {0, 0};
  for (int i = 0; i < size; i++) {
    int64_t column = word * size + i;
    if (column < columns) halves[i] = read_bf16(from, row, column);
  }
  uint32_t bits = size == 2 ? halves[0] | halves[1] << 16 : halves[0] << 16;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

/// Four neighbours rounded to bf16, in the upper halves.
INLINE v4u read_4(dth_element element, const char *p) {
  if (element == DTH_BF16) return __builtin_convertvector(*(const v4h_unaligned *)p, v4u) << 16;
  v4 v = *(const v4_unaligned *)p;
  v4u b = (v4u)v;
  v4u nearest = b + 0x7FFF + (b >> 16 & 1);
  return (v == v ? nearest : b | 0x400000) & 0xFFFF0000;
}

/// The four words that begin at an element of a row whose columns are contiguous.
INLINE v4 read_words(int size, dth_element element, const char *p) {
  if (size == 1) return (v4)read_4(element, p);
  if (element == DTH_BF16) return (v4)*(const v4_pairs *)p;
  v4u low = read_4(element, p), high = read_4(element, p + 16);
  return (v4)(__builtin_shufflevector(low, high, 0, 2, 4, 6) >> 16 |
              __builtin_shufflevector(low, high, 1, 3, 5, 7));
}

/// A word of four neighbouring rows of a matrix whose rows are columns in memory.
INLINE v4 read_word_of_rows(
    const operand *from, int size, int64_t row, int64_t word, int64_t columns) {
  v4u halves[2] = {0, 0};
  for (int i = 0; i < size; i++) {
    int64_t column = word * size + i;
    if (column < columns) halves[i] = read_4(from->element, element_address(from, row, column));
  }
  return (v4)(size == 2 ? halves[0] >> 16 | halves[1] : halves[0]);
}

/// Packs rows `first ..< first + rows` word by word: `out[word * padded + r]`.
///
/// `padded` is a multiple of 4. What lies between `rows` and `padded` is unspecified.
INLINE void pack_words(
    const operand *from, const int size, int64_t first, int64_t rows, int64_t columns,
    int64_t padded, float *out) {
  bool strided = from->column_offsets == NULL;
  // The words that are read four at once.
  int64_t whole = strided && from->column_stride == 1 ? columns / size / 4 * 4 : 0;
  int64_t bytes = size * (from->element == DTH_BF16 ? 2 : 4);
  for (int64_t group = 0; whole > 0 && group < rows; group += 4) {
    const char *four[4];
    for (int64_t r = 0; r < 4; r++) {
      four[r] = element_address(from, first + dth_min(group + r, rows - 1), 0);
    }
    for (int64_t word = 0; word < whole; word += 4) {
      v4 words[4];
      UNROLL for (int r = 0; r < 4; r++) {
        words[r] = read_words(size, from->element, four[r] + word * bytes);
      }
      store_transposed(
          words[0], words[1], words[2], words[3], out + word * padded + group, padded);
    }
  }
  for (int64_t word = whole; word < DTH_WORD_COUNT(columns, size); word++) {
    float *to = out + word * padded;
    int64_t r = 0;
    if (strided && from->row_stride == 1) {
      for (; r + 4 <= rows; r += 4) {
        *(v4_unaligned *)(to + r) = read_word_of_rows(from, size, first + r, word, columns);
      }
    }
    for (; r < rows; r++) to[r] = read_word(from, size, first + r, word, columns);
  }
}
