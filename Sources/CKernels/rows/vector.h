// Vectors of the row's width, and the geometry of its micro-kernel.
//
// A row's source file defines DTH_ROW (a suffix), DTH_WIDTH (floats of a vector), DTH_ROWS and
// DTH_VECTORS (rows and vectors of the micro-kernel's accumulators), DTH_FMA, and DTH_BF16_DOT (1
// where it has the instructions of AVX512_BF16).

typedef float vf __attribute__((ext_vector_type(DTH_WIDTH)));
typedef int32_t vi __attribute__((ext_vector_type(DTH_WIDTH)));
typedef uint32_t vu __attribute__((ext_vector_type(DTH_WIDTH)));
typedef double vd __attribute__((ext_vector_type(DTH_WIDTH)));
typedef float vf_unaligned __attribute__((ext_vector_type(DTH_WIDTH), aligned(4)));
typedef float v4 __attribute__((ext_vector_type(4)));
typedef float v4_unaligned __attribute__((ext_vector_type(4), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

/// The rows of a packed block, padded to whole vectors of four.
#define DTH_PADDED_ROWS ((DTH_ROWS + 3) / 4 * 4)

INLINE vf load(const float *p) { return *(const vf_unaligned *)p; }
INLINE void store(float *p, vf v) { *(vf_unaligned *)p = v; }

#if DTH_WIDTH == 16
INLINE __mmask16 first_lanes(int64_t count) { return (__mmask16)((1u << count) - 1); }
#elif DTH_WIDTH == 8
INLINE __m256i first_lanes(int64_t count) {
  static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return _mm256_loadu_si256((const __m256i *)(lanes + 8 - count));
}
#endif

/// The first `count` floats; the other lanes are 0.
INLINE vf load_part(const float *p, int64_t count) {
#if DTH_WIDTH == 16
  return (vf)_mm512_maskz_loadu_ps(first_lanes(count), p);
#elif DTH_WIDTH == 8
  return (vf)_mm256_maskload_ps(p, first_lanes(count));
#else
  vf v = 0;
  for (int64_t i = 0; i < count; i++) v[i] = p[i];
  return v;
#endif
}

INLINE void store_part(float *p, vf v, int64_t count) {
#if DTH_WIDTH == 16
  _mm512_mask_storeu_ps(p, first_lanes(count), (__m512)v);
#elif DTH_WIDTH == 8
  _mm256_maskstore_ps(p, first_lanes(count), (__m256)v);
#else
  for (int64_t i = 0; i < count; i++) p[i] = v[i];
#endif
}

/// a * b + c, rounded once where the row has such an instruction.
INLINE vf multiply_add(vf a, vf b, vf c) {
#if DTH_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// The lanes of a vector that follows another, by twos: the even or the odd ones of both, or the
/// lanes of both in turn.
#if DTH_WIDTH == 16
#define DTH_EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define DTH_ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define DTH_LOWER 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define DTH_UPPER 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif DTH_WIDTH == 8
#define DTH_EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define DTH_ODD 1, 3, 5, 7, 9, 11, 13, 15
#define DTH_LOWER 0, 8, 1, 9, 2, 10, 3, 11
#define DTH_UPPER 4, 12, 5, 13, 6, 14, 7, 15
#else
#define DTH_EVEN 0, 2, 4, 6
#define DTH_ODD 1, 3, 5, 7
#define DTH_LOWER 0, 4, 1, 5
#define DTH_UPPER 2, 6, 3, 7
#endif
INLINE vf even_lanes(vf a, vf b) { return __builtin_shufflevector(a, b, DTH_EVEN); }
INLINE vf odd_lanes(vf a, vf b) { return __builtin_shufflevector(a, b, DTH_ODD); }
INLINE vf lower_pairs(vf a, vf b) { return __builtin_shufflevector(a, b, DTH_LOWER); }
INLINE vf upper_pairs(vf a, vf b) { return __builtin_shufflevector(a, b, DTH_UPPER); }

INLINE vi bits(vf v) { return (vi)v; }
INLINE vf from_bits(vi v) { return (vf)v; }

/// Transposes 4 rows of 4 columns: `to[c * to_stride + r]` is column c of row r.
INLINE void store_transposed(v4 a, v4 b, v4 c, v4 d, float *to, int64_t to_stride) {
  v4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  v4 ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  v4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  v4 cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(v4_unaligned *)(to) = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *(v4_unaligned *)(to + to_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *(v4_unaligned *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(v4_unaligned *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

INLINE vf magnitude(vf v) { return from_bits(bits(v) & 0x7FFFFFFF); }

/// NaN where either operand is.
INLINE vf maximum(vf a, vf b) { return ((a > b) | (a != a)) ? a : b; }

/// NaN where either operand is.
INLINE vf minimum(vf a, vf b) { return ((a < b) | (a != a)) ? a : b; }

#define DTH_SUM_OF(a, b) ((a) + (b))
#define DTH_LARGER_OF(a, b) ((((a) > (b)) | ((a) != (a))) ? (a) : (b))

/// Defines a function that combines the lanes, by halves.
#if DTH_WIDTH == 16
#define DTH_FOLD(name, combine)                            \
  INLINE float name(vf v) {                                \
    vf_half half = combine(v.lo, v.hi);                    \
    v4 quarter = combine(half.lo, half.hi);                \
    float even = combine(quarter[0], quarter[2]);          \
    float odd = combine(quarter[1], quarter[3]);           \
    return combine(even, odd);                             \
  }
typedef float vf_half __attribute__((ext_vector_type(8)));
#elif DTH_WIDTH == 8
#define DTH_FOLD(name, combine)                            \
  INLINE float name(vf v) {                                \
    v4 half = combine(v.lo, v.hi);                         \
    float even = combine(half[0], half[2]);                \
    float odd = combine(half[1], half[3]);                 \
    return combine(even, odd);                             \
  }
#else
#define DTH_FOLD(name, combine)                            \
  INLINE float name(vf v) {                                \
    float even = combine(v[0], v[2]);                      \
    float odd = combine(v[1], v[3]);                       \
    return combine(even, odd);                             \
  }
#endif

/// The sum of the lanes.
DTH_FOLD(lane_sum, DTH_SUM_OF)

/// The largest lane; NaN where one is.
DTH_FOLD(lane_maximum, DTH_LARGER_OF)
