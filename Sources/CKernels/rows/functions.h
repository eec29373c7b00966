// Functions of a vector. Errors are stated for results that are normal numbers and are tested.
//
// Polynomials are fits of least maximum error over the stated range. NaN stays NaN: comparisons are
// written so that they let it through.

/// e^(x + tail) 2^-n, n being the integer nearest to x / log 2; for |x| below 1,000.
INLINE vf reduced_exponential(vf x, vf tail, vi *n) {
  // The sum's low bits are the nearest integer, as those of a float of exponent 23.
  const vf magic = 0x1.8p23f;
  vf shifted = multiply_add(x, (vf)0x1.715476p0f, magic);
  vf multiple = shifted - magic;
  // The high part of log 2 has 9 bits, so that its multiples are exact without a fused operation.
  vf r = multiply_add(multiple, (vf)-0.693359375f, x);
  r = multiply_add(multiple, (vf)2.12194440e-4f, r) + tail;
  vf p = 1.381459334e-03f;
  p = multiply_add(p, r, (vf)8.368716031e-03f);
  p = multiply_add(p, r, (vf)4.166838807e-02f);
  p = multiply_add(p, r, (vf)1.666652064e-01f);
  p = multiply_add(p, r, (vf)4.999999345e-01f);
  *n = bits(shifted) - bits(magic);
  return multiply_add(p * r, r, r) + 1.0f;
}

/// e^(x + tail), |tail| being far below 1; within 2 ulp.
INLINE vf exponential_with_tail(vf x, vf tail) {
  // Beyond these the result is 0, or infinity.
  x = x < -104.0f ? (vf)-104.0f : x;
  x = x > 89.0f ? (vf)89.0f : x;
  vi exponent;
  vf p = reduced_exponential(x, tail, &exponent);
  // 2^n in two factors: n reaches from -150 to 128, the exponent of a float does not.
  vi half = exponent >> 1;
  vf first = from_bits((half + 127) << 23);
  vf second = from_bits((exponent - half + 127) << 23);
  return p * first * second;
}

/// e^x, within 2 ulp.
INLINE vf exponential(vf x) { return exponential_with_tail(x, (vf)0.0f); }

/// e^x of an x that is not above 0, within 2 ulp; e^-87 where x is below.
INLINE vf exponential_of_fall(vf x) {
  x = x < -87.0f ? (vf)-87.0f : x;
  vi exponent;
  vf p = reduced_exponential(x, (vf)0.0f, &exponent);
  // The exponent is -126 or above: 2^n is a normal number.
  return p * from_bits((exponent + 127) << 23);
}

/// 1 / (1 + e^-x), within 4 ulp.
INLINE vf sigmoid(vf x) { return 1.0f / (1.0f + exponential(-x)); }

/// x / (1 + e^-x), within 4 ulp.
INLINE vf silu(vf x) { return x / (1.0f + exponential(-x)); }

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
  vf large = 1.0f - 2.0f / (exponential(2.0f * a) + 1.0f);
  large = from_bits(bits(large) | (bits(x) & (int32_t)0x80000000));
  return a < 0.625f ? small : large;
}

/// x / 2 (1 + erf(x / sqrt 2)), within 1e-6 of itself.
INLINE vf gelu(vf x) {
  vf a = magnitude(x);
  vf c = a > 15.0f ? (vf)15.0f : a;
  // The tail of the normal distribution at c is e^(-c^2 / 2) q / (c + 7/2), q a polynomial in
  // u = (c - 7/2) / (c + 7/2) on [-1, 0.63].
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
  return x < 0.0f ? -(a * tail) : x - c * tail;
}

/// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), within 2e-6 of itself, or 2e-9.
INLINE vf gelu_tanh(vf x) {
  // x times the sigmoid of twice the argument of tanh.
  vf p = multiply_add(x * x, (vf)7.1354816e-02f, (vf)1.5957691f);
  return x / (1.0f + exponential(-(x * p)));
}

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
  }
  return x;
}
