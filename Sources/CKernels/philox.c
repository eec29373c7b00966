// Counter-based random numbers: the same bytes on every machine.
//
// The target is compiled without contraction of a multiplication and an addition, and nothing here
// calls the C library except sqrt, which IEEE 754 defines to the bit.
#include <math.h>

#include "CKernels.h"

void dth_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0;
    uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  result[0] = c0;
  result[1] = c1;
  result[2] = c2;
  result[3] = c3;
}

/// 1 / n.
static const double dth_inverses[] = {
    0, 1.0 / 1, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7, 1.0 / 8, 1.0 / 9, 1.0 /
    10, 1.0 / 11, 1.0 / 12, 1.0 / 13, 1.0 / 14, 1.0 / 15, 1.0 / 16, 1.0 / 17, 1.0 / 18, 1.0 /
    19, 1.0 / 20, 1.0 / 21, 1.0 / 22, 1.0 / 23};

/// 1 / (n (n - 1)).
static const double dth_reciprocals[] = {
    0, 0, 1.0 / 2, 1.0 / 6, 1.0 / 12, 1.0 / 20, 1.0 / 30, 1.0 / 42, 1.0 / 56, 1.0 / 72, 1.0 /
    90, 1.0 / 110, 1.0 / 132, 1.0 / 156, 1.0 / 182, 1.0 / 210, 1.0 / 240, 1.0 / 272, 1.0 / 306};

/// The natural logarithm of (word + 1/2) / 2^32, to about 1e-16.
static double dth_log_unit(uint32_t word) {
  // Exact: 33 bits. m is in [1/2, 1), then in [1/sqrt 2, sqrt 2).
  double m = ((double)word + 0.5) * 0x1p-32;
  int exponent = 0;
  // frexp is exact by definition.
  m = frexp(m, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    exponent -= 1;
  }
  // log m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + ...), |s| < 0.172.
  double s = (m - 1) / (m + 1);
  double z = s * s;
  double sum = 0;
  for (int n = 23; n >= 3; n -= 2) sum = (sum + dth_inverses[n]) * z;
  return exponent * 0.69314718055994531 + 2 * (s + s * sum);
}

/// The sine and the cosine of 2 pi word / 2^32, to about 1e-16.
static void dth_sincos_turn(uint32_t word, double *sine, double *cosine) {
  // The nearest quarter turn, and what is left of it in [-pi/4, pi/4).
  uint32_t quarter = (word + 0x20000000u) >> 30;
  double x = (double)(int32_t)(word - (quarter << 30)) * (6.283185307179586477 * 0x1p-32);
  double z = x * x;
  // sin x / x and cos x are 1 - z / (n (n - 1)) (1 - z / ((n + 2) (n + 1)) (1 - ...)) from n = 3
  // and from n = 2.
  double s = 1, c = 1;
  for (int n = 17; n >= 3; n -= 2) s = 1 - s * z * dth_reciprocals[n];
  for (int n = 18; n >= 2; n -= 2) c = 1 - c * z * dth_reciprocals[n];
  s *= x;
  switch (quarter & 3) {
    case 0: *sine = s, *cosine = c; break;
    case 1: *sine = c, *cosine = -s; break;
    case 2: *sine = -s, *cosine = -c; break;
    default: *sine = -c, *cosine = s; break;
  }
}

/// The words of the block that holds elements `4 * block ..< 4 * block + 4`.
static void dth_philox_block(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[4]) {
  const uint32_t counter[4] = {
      (uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  dth_philox4x32_10(counter, key, words);
}

static void dth_normals(const uint32_t words[4], float values[4]) {
  for (int pair = 0; pair < 4; pair += 2) {
    double radius = sqrt(-2 * dth_log_unit(words[pair]));
    double sine, cosine;
    dth_sincos_turn(words[pair + 1], &sine, &cosine);
    values[pair] = (float)(radius * cosine);
    values[pair + 1] = (float)(radius * sine);
  }
}

static void dth_uniforms(const uint32_t words[4], float values[4]) {
  for (int i = 0; i < 4; i++) values[i] = (float)(words[i] >> 8) * 0x1p-24f;
}

static void dth_fill(
    void (*convert)(const uint32_t words[4], float values[4]), uint64_t seed, uint64_t stream,
    uint64_t first, float *out, int64_t count) {
  int64_t done = 0;
  while (done < count) {
    uint64_t element = first + (uint64_t)done;
    uint32_t words[4];
    float values[4];
    dth_philox_block(seed, stream, element / 4, words);
    convert(words, values);
    for (uint64_t lane = element % 4; lane < 4 && done < count; lane++) {
      out[done++] = values[lane];
    }
  }
}

void dth_philox_normal(
    uint64_t seed, uint64_t stream, uint64_t first_element, float *out, int64_t count) {
  dth_fill(dth_normals, seed, stream, first_element, out, count);
}

void dth_philox_uniform(
    uint64_t seed, uint64_t stream, uint64_t first_element, float *out, int64_t count) {
  dth_fill(dth_uniforms, seed, stream, first_element, out, count);
}
