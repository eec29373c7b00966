// Vectors of the row's width, and the geometry of its micro-kernel.
//
// A row's source file defines DTH_ROW (a suffix), DTH_WIDTH (floats of a vector), DTH_ROWS and
// DTH_VECTORS (rows and vectors of the micro-kernel's accumulators), and DTH_FMA.

typedef float vf __attribute__((ext_vector_type(DTH_WIDTH)));
typedef int32_t vi __attribute__((ext_vector_type(DTH_WIDTH)));
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

/// The first `count` floats; the other lanes are 0.
INLINE vf load_part(const float *p, int64_t count) {
  vf v = 0;
  memcpy(&v, p, (size_t)count * sizeof(float));
  return v;
}

INLINE void store_part(float *p, vf v, int64_t count) {
  memcpy(p, &v, (size_t)count * sizeof(float));
}

/// a * b + c, rounded once where the row has such an instruction.
INLINE vf multiply_add(vf a, vf b, vf c) {
#if DTH_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

INLINE vi bits(vf v) { return (vi)v; }
INLINE vf from_bits(vi v) { return (vf)v; }
INLINE vf magnitude(vf v) { return from_bits(bits(v) & 0x7FFFFFFF); }

/// NaN where either operand is.
INLINE vf maximum(vf a, vf b) { return ((a > b) | (a != a)) ? a : b; }

/// NaN where either operand is.
INLINE vf minimum(vf a, vf b) { return ((a < b) | (a != a)) ? a : b; }

/// The sum of the lanes, by halves.
INLINE float lane_sum(vf v) {
  float lanes[DTH_WIDTH];
  store(lanes, v);
  UNROLL for (int half = DTH_WIDTH / 2; half > 0; half /= 2) {
    UNROLL for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

/// The largest lane; NaN where one is.
INLINE float lane_maximum(vf v) {
  float lanes[DTH_WIDTH];
  store(lanes, v);
  UNROLL for (int half = DTH_WIDTH / 2; half > 0; half /= 2) {
    UNROLL for (int i = 0; i < half; i++) {
      float a = lanes[i], b = lanes[i + half];
      lanes[i] = a > b || a != a ? a : b;
    }
  }
  return lanes[0];
}
