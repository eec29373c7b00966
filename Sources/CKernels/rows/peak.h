// The most multiply-adds that the row's instructions reach, on registers alone.

/// The chains of dependent multiply-adds, which together hide the latency of one; they and the two
/// operands fit the registers, of which the instruction set has 32 or 16.
#if DTH_WIDTH == 16 || defined(__aarch64__)
#define DTH_PEAK_CHAINS 24
#else
#define DTH_PEAK_CHAINS 12
#endif

#if DTH_BF16_DOT
/// Two multiply-adds in each lane.
#define DTH_PEAK_LANES (2 * DTH_WIDTH)
#define DTH_PEAK_STEP(sum, factor, term) multiply_add_pairs(factor, term, sum)
#else
#define DTH_PEAK_LANES DTH_WIDTH
#define DTH_PEAK_STEP(sum, factor, term) multiply_add(sum, factor, term)
#endif

static int64_t peak(int64_t rounds) {
  // Unknown to the compiler, and such that no chain leaves the ordinary numbers.
  volatile float half = 0.5f, one = 1.0f;
  vf factor = half, term = one;
  vf chains[DTH_PEAK_CHAINS];
  UNROLL for (int chain = 0; chain < DTH_PEAK_CHAINS; chain++) chains[chain] = (float)chain;
  _Pragma("clang loop unroll(disable)") for (int64_t round = 0; round < rounds; round++) {
    UNROLL for (int chain = 0; chain < DTH_PEAK_CHAINS; chain++) {
      chains[chain] = DTH_PEAK_STEP(chains[chain], factor, term);
    }
  }
  vf sum = 0;
  UNROLL for (int chain = 0; chain < DTH_PEAK_CHAINS; chain++) sum += chains[chain];
  volatile float result = sum[0];
  (void)result;
  return rounds * DTH_PEAK_CHAINS * DTH_PEAK_LANES * 2;
}
