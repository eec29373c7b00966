// Functions of a vector. Errors are stated for results that are normal numbers and are tested.
//
// Polynomials are fits of least maximum error over the stated range. NaN stays NaN: comparisons are
// written so that they let it through.

/// What turns a float below 2^22 into one whose low bits are the nearest integer, when added.
#define DTH_TO_INTEGER 0x1.8p23f

/// 2^n of an integer from -126 to 127 in the low bits; infinity of 128.
INLINE vf power_of_two(vi n) { return from_bits((n << 23) + (127 << 23)); }

/// x less n log 2, n being the integer nearest to x / log 2, for |x| below 1,000; `n` has it in the
/// low 9 bits.
INLINE vf reduce_exponent(vf x, vi *n) {
  vf shifted = multiply_add(x, (vf)0x1.715476p0f, (vf)DTH_TO_INTEGER);
  vf multiple = shifted - DTH_TO_INTEGER;
  *n = bits(shifted);
  // The high part of log 2 has 9 bits, so that its multiples are exact without a fused operation.
  return multiply_add(
      multiple, (vf)2.12194440e-4f, multiply_add(multiple, (vf)-0.693359375f, x));
}

/// e^r of an |r| below 0.35.
INLINE vf exponential_near_zero(vf r) {
  vf p = 1.381459334e-03f;
  p = multiply_add(p, r, (vf)8.368716031e-03f);
  p = multiply_add(p, r, (vf)4.166838807e-02f);
  p = multiply_add(p, r, (vf)1.666652064e-01f);
  p = multiply_add(p, r, (vf)4.999999345e-01f);
  return multiply_add(p * r, r, r) + 1.0f;
}

/// e^x, within 2 ulp.
INLINE vf exponential(vf x) {
  // Beyond these the result is 0, or infinity.
  x = x < -104.0f ? (vf)-104.0f : x;
  x = x > 89.0f ? (vf)89.0f : x;
  vi n;
  vf p = exponential_near_zero(reduce_exponent(x, &n));
  // 2^n in two factors: n reaches from -150 to 128, the exponent of a float does not.
  n -= bits((vf)DTH_TO_INTEGER);
  vi half = n >> 1;
  return p * power_of_two(half) * power_of_two(n - half);
}

/// e^x of an x from -87 to 89, within 2 ulp where it is below 88; beyond, it may be infinite early.
INLINE vf exponential_within(vf x) {
  vi n;
  vf p = exponential_near_zero(reduce_exponent(x, &n));
  return p * power_of_two(n);
}

/// The same of x + tail, |tail| being far below 1.
INLINE vf exponential_with_tail(vf x, vf tail) {
  vi n;
  vf p = exponential_near_zero(reduce_exponent(x, &n) + tail);
  return p * power_of_two(n);
}

/// e^x of an x that is not above 0, within 2 ulp; e^-87 where x is below.
INLINE vf exponential_of_fall(vf x) { return exponential_within(x < -87.0f ? (vf)-87.0f : x); }

/// 1 + e^-x, within 2 ulp where x is above -88; infinity from -89 on.
INLINE vf one_plus_exponential(vf x) {
  x = x < -89.0f ? (vf)-89.0f : x;
  return exponential_within(x > 87.0f ? (vf)-87.0f : -x) + 1.0f;
}

/// (2^r - 1) / r of an r from -1/2 to 1/2.
INLINE vf power_of_two_slope(vf r) {
  vf q = 1.326472731e-03f;
  q = multiply_add(q, r, (vf)9.671512991e-03f);
  q = multiply_add(q, r, (vf)5.550733581e-02f);
  q = multiply_add(q, r, (vf)2.402224243e-01f);
  return multiply_add(q, r, (vf)6.931470037e-01f);
}

/// The least that `power_of_fall` takes x - top for: 2^-100 of the largest.
#define DTH_LEAST_FALL -100.0f

/// 2^(x - top), within 3 ulp; `top` is an integer or -FLT_MAX, and x is below it, or above by less
/// than 20. Falls are cut at 2^-100.
///
/// That factors and results are normal numbers also keeps the products with them fast.
INLINE vf power_of_fall(vf x, vf top) {
  vf least = top + DTH_LEAST_FALL;
  x = x < least ? least : x;
  // Exact, also for a large top: its last place then is an integer that DTH_TO_INTEGER is a
  // multiple of, or DTH_TO_INTEGER is lost and the fall is 0.
  vf shift = DTH_TO_INTEGER - top;
  vf t = x + shift;
  vf r = x - (t - shift);
  vf scale = power_of_two(bits(t));
  return multiply_add(power_of_two_slope(r) * r, scale, scale);
}

/// 1 / (1 + e^-x), within 4 ulp where x is above -88, and 0 from -89 on.
INLINE vf sigmoid(vf x) { return 1.0f / one_plus_exponential(x); }

/// x / (1 + e^-x), within 4 ulp where x is above -88.
INLINE vf silu(vf x) { return x / one_plus_exponential(x); }

/// tanh x, within 4 ulp.
INLINE vf hyperbolic_tangent(vf x) {
  vf a = magnitude(x);
  vf z = x * x;
  vf p = -5.704952816e-03f;
  p = multiply_add(p, z, (vf)2.063905359e-02f);
  p = multiply_add(p, z, (vf)-5.373970351e-02f);
  p = multiply_add(p, z, (vf)1.333144204e-01f);
  p = multiply_add(p, z, (vf)-3.333328193e-01f);
  vf small = multiply_add(x * z, p, x);
  // At 10 it is 1 already.
  a = a > 10.0f ? (vf)10.0f : a;
  vf large = 1.0f - 2.0f / (exponential_within(2.0f * a) + 1.0f);
  large = from_bits(bits(large) | (bits(x) & (int32_t)0x80000000));
  return a < 0.625f ? small : large;
}

/// x / 2 (1 + erf(x / sqrt 2)), within 1e-6 of itself where x is above -12.5, and below 1e-34.
INLINE vf gelu(vf x) {
  vf a = magnitude(x);
  vf c = a > 12.5f ? (vf)12.5f : a;
  // The tail of the normal distribution at c is e^(-c^2 / 2) q / (c + 7/2), q a polynomial in
  // u = (c - 7/2) / (c + 7/2) on [-1, 0.63]. From 12.5 on it is as good as 0.
  vf t = 1.0f / (c + 3.5f);
  vf u = (c - 3.5f) * t;
  vf q = 1.086979163e-04f;
  q = multiply_add(q, u, (vf)4.183284352e-04f);
  q = multiply_add(q, u, (vf)-4.950431950e-04f);
  q = multiply_add(q, u, (vf)-3.172833275e-03f);
  q = multiply_add(q, u, (vf)6.493727995e-03f);
  q = multiply_add(q, u, (vf)1.740582256e-02f);
  q = multiply_add(q, u, (vf)-1.160531749e-01f);
  q = multiply_add(q, u, (vf)3.154250912e-01f);
  q = multiply_add(q, u, (vf)-5.655617392e-01f);
  q = multiply_add(q, u, (vf)7.444160736e-01f);
  // c^2 = h^2 + (c - h)(c + h), where h has half the bits of c and its square is exact.
  vf h = from_bits(bits(c) & (int32_t)0xFFFFF000);
  vf tail = exponential_with_tail(-0.5f * h * h, -0.5f * (c - h) * (c + h)) * q * t;
  // Zero times minus infinity is not a number.
  return x == (vf)-INFINITY ? (vf)NAN : x < 0.0f ? -(c * tail) : x - c * tail;
}

/// x / (1 + 2^z), within 3 ulp where z is below 127.
INLINE vf divide_by_one_plus_power(vf x, vf z) {
  z = z < -126.0f ? (vf)-126.0f : z;
  // 2^128 is infinity.
  z = z > 128.0f ? (vf)128.0f : z;
  vf shifted = z + DTH_TO_INTEGER;
  vf r = z - (shifted - DTH_TO_INTEGER);
  vf p = multiply_add(power_of_two_slope(r), r, (vf)1.0f);
  return x / multiply_add(p, power_of_two(bits(shifted)), (vf)1.0f);
}

/// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), within 2e-6 of itself, or 2e-9.
INLINE vf gelu_tanh(vf x) {
  // x times the sigmoid of twice the argument of tanh.
  return divide_by_one_plus_power(
      x, x * multiply_add(x * x, (vf)-1.0294324e-1f, (vf)-2.3022082f));
}

/// The derivative of `gelu_tanh`, within 2e-6 of itself, or 2e-7.
INLINE vf gelu_tanh_slope(vf x) {
  // From 10 on it is 1 as good as -10 and below it is 0.
  x = x > 10.0f ? (vf)10.0f : x;
  x = x < -10.0f ? (vf)-10.0f : x;
  vf square = x * x;
  // p = e^-u with the u of which `gelu_tanh` takes the sigmoid, to the base 2 from -126 to 126.
  vf z = x * multiply_add(square, (vf)-1.0294324e-1f, (vf)-2.3022082f);
  vf shifted = z + DTH_TO_INTEGER;
  vf r = z - (shifted - DTH_TO_INTEGER);
  vf p = multiply_add(power_of_two_slope(r), r, (vf)1.0f) * power_of_two(bits(shifted));
  vf sigmoid = 1.0f / (p + 1.0f);
  // s + x s (1 - s) du/dx, where 1 - s is p s.
  vf slope = multiply_add(square, (vf)2.1406434e-1f, (vf)1.5957691f);
  return multiply_add(x * slope * (p * sigmoid), sigmoid, sigmoid);
}

/// x / (1 + e^(-1.702 x)), within 2e-6 of itself, or 2e-9.
INLINE vf gelu_quick(vf x) { return divide_by_one_plus_power(x, x * -2.4554670f); }

/// Zero below zero.
INLINE vf relu(vf x) { return x < 0.0f ? (vf)0.0f : x; }

/// An activation of an epilogue.
INLINE vf activate(vf x, dth_activation activation) {
  switch (activation) {
    case DTH_ACTIVATION_NONE: return x;
    case DTH_ACTIVATION_RELU: return relu(x);
    case DTH_ACTIVATION_GELU: return gelu(x);
    case DTH_ACTIVATION_GELU_TANH: return gelu_tanh(x);
    case DTH_ACTIVATION_SILU: return silu(x);
    case DTH_ACTIVATION_SIGMOID: return sigmoid(x);
    case DTH_ACTIVATION_TANH: return hyperbolic_tangent(x);
    case DTH_ACTIVATION_GELU_QUICK: return gelu_quick(x);
  }
  return x;
}
