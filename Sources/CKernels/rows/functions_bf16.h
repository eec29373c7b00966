// Functions whose results are rounded to bf16. Where AVX-512 makes them cheap their error is below
// 2^-12 of the result, which such a rounding hides eight times over.

#if DTH_BF16_DOT

/// 2^x, within 2^-13 of itself; 0 below -150.
INLINE vf coarse_power(vf x) {
  // What is above the integer below x.
  vf f = (vf)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  vf p = 7.802452147e-02f;
  p = multiply_add(p, f, (vf)2.260671556e-01f);
  p = multiply_add(p, f, (vf)6.958335638e-01f);
  p = multiply_add(p, f, (vf)9.999251962e-01f);
  return (vf)_mm512_scalef_ps((__m512)p, (__m512)x);
}

/// x / (1 + 2^y), within 2^-12 of itself.
INLINE vf coarse_logistic(vf x, vf y) {
  return x * (vf)_mm512_rcp14_ps((__m512)(1.0f + coarse_power(y)));
}

/// `activate` for a result of bf16.
INLINE vf activate_coarsely(vf x, dth_activation activation) {
  // 2 sqrt(2 / pi) and 0.044715 times that, in the base 2; see `gelu_tanh`.
  const vf first = -2.302208185e+00f, third = -1.029432394e-01f;
  switch (activation) {
    case DTH_ACTIVATION_GELU_TANH:
      return coarse_logistic(x, x * multiply_add(x * x, third, first));
    case DTH_ACTIVATION_SILU: return coarse_logistic(x, x * -1.442695041f);
    default: return activate(x, activation);
  }
}

#else

INLINE vf activate_coarsely(vf x, dth_activation activation) { return activate(x, activation); }

#endif
