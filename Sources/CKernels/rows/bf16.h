// bfloat16 numbers in memory: the upper halves of 32-bit floats.

typedef uint16_t vh __attribute__((ext_vector_type(DTH_WIDTH)));
typedef uint16_t vh_unaligned __attribute__((ext_vector_type(DTH_WIDTH), aligned(2)));

#if DTH_BF16_DOT
typedef __bf16 vb __attribute__((ext_vector_type(DTH_WIDTH)));
#endif

/// The nearest bf16 numbers.
INLINE vh narrow(vf v) {
#if DTH_BF16_DOT
  return (vh)__builtin_convertvector(v, vb);
#else
  vu b = (vu)v;
  vu nearest = b + 0x7FFF + (b >> 16 & 1);
  return __builtin_convertvector((v == v ? nearest : b | 0x400000) >> 16, vh);
#endif
}

INLINE vf widen(vh v) { return (vf)(__builtin_convertvector(v, vu) << 16); }

INLINE vf load_bf16(const uint16_t *p) { return widen(*(const vh_unaligned *)p); }
INLINE void store_bf16(uint16_t *p, vf v) { *(vh_unaligned *)p = narrow(v); }

INLINE void store_part_bf16(uint16_t *p, vf v, int64_t count) {
  vh rounded = narrow(v);
  memcpy(p, &rounded, (size_t)count * sizeof(uint16_t));
}

/// Stores at element `at` of a result of either type.
INLINE void store_as(dth_element element, void *base, int64_t at, vf v, int64_t count) {
  if (element == DTH_BF16) {
    if (count == DTH_WIDTH) {
      store_bf16((uint16_t *)base + at, v);
    } else {
      store_part_bf16((uint16_t *)base + at, v, count);
    }
  } else if (count == DTH_WIDTH) {
    store((float *)base + at, v);
  } else {
    store_part((float *)base + at, v, count);
  }
}

/// Stores a row of a panel at element `at` of a result of either type.
INLINE void store_panel_row(
    dth_element element, void *base, int64_t at, const vf x[DTH_PANEL / DTH_WIDTH]) {
#if DTH_BF16_DOT
  if (element == DTH_BF16) {
    _mm512_storeu_si512(
        (uint16_t *)base + at, (__m512i)_mm512_cvtne2ps_pbh((__m512)x[1], (__m512)x[0]));
    return;
  }
#endif
  UNROLL for (int v = 0; v < DTH_PANEL / DTH_WIDTH; v++) {
    store_as(element, base, at + v * DTH_WIDTH, x[v], DTH_WIDTH);
  }
}
