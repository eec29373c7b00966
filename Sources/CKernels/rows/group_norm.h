// Norm over groups of channels of an image.

/// The elements whose mean and squares are taken at once; a multiple of every vector's width.
/// Results depend on it.
#define DTH_MOMENT_BLOCK 2048

/// The sum over a block of `x - offset`, and of its square.
INLINE void block_sums(
    const float *x, int64_t count, float offset, float *sum_out, float *square_out) {
  vf sum[4] = {0}, square[4] = {0};
  int64_t i = 0;
  for (; i + 4 * DTH_WIDTH <= count; i += 4 * DTH_WIDTH) {
    UNROLL for (int chain = 0; chain < 4; chain++) {
      vf d = load(x + i + chain * DTH_WIDTH) - offset;
      sum[chain] += d;
      square[chain] = multiply_add(d, d, square[chain]);
    }
  }
  float sums = lane_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
  float squares = lane_sum((square[0] + square[1]) + (square[2] + square[3]));
  for (; i < count; i++) {
    float d = x[i] - offset;
    sums += d;
    squares += d * d;
  }
  *sum_out = sums;
  *square_out = squares;
}

/// The mean and the variance of contiguous elements, block by block (Chan, Golub and LeVeque,
/// "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
static void moments(const float *x, int64_t count, double *mean_out, double *variance_out) {
  double mean = 0, squares = 0;
  for (int64_t begin = 0; begin < count; begin += DTH_MOMENT_BLOCK) {
    int64_t n = dth_min(DTH_MOMENT_BLOCK, count - begin);
    // Two passes; the second also finds by how much the rounded mean is wrong.
    float sum, deviations, ignored;
    block_sums(x + begin, n, 0, &sum, &ignored);
    float rough = sum / (float)n;
    block_sums(x + begin, n, rough, &sum, &deviations);
    double error = (double)sum / (double)n;
    double block_mean = (double)rough + error;
    double delta = block_mean - mean;
    double total = (double)(begin + n);
    mean += delta * (double)n / total;
    squares += (double)deviations - error * error * (double)n +
               delta * delta * (double)begin * (double)n / total;
  }
  *mean_out = mean;
  *variance_out = squares / (double)count;
}

static void group_norm(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_group_norm_args *args = arguments;
  const float *scale = operands[2], *shift = operands[3];
  int64_t channels = args->channels / args->groups;
  int64_t pixels = args->pixels;
  int64_t total = args->batch * args->groups;
  int64_t end = dth_part(total, thread + 1, thread_count);
  for (int64_t group = dth_part(total, thread, thread_count); group < end; group++) {
    const float *x = (const float *)operands[1] + group * channels * pixels;
    float *out = (float *)operands[0] + group * channels * pixels;
    double mean, variance;
    moments(x, channels * pixels, &mean, &variance);
    double factor = 1.0 / sqrt(variance + (double)args->epsilon);
    for (int64_t c = 0; c < channels; c++, x += pixels, out += pixels) {
      int64_t channel = group % args->groups * channels + c;
      double a = scale == NULL ? factor : factor * (double)scale[channel];
      // The mean is taken off first, rounded; what it lacks goes into the shift.
      float offset = (float)mean;
      double rest = (double)offset - mean;
      vf multiplier = (float)a;
      vf addend = (float)(rest * a + (shift == NULL ? 0.0 : (double)shift[channel]));
      int64_t i = 0;
      for (; i + DTH_WIDTH <= pixels; i += DTH_WIDTH) {
        vf y = multiply_add(load(x + i) - offset, multiplier, addend);
        store(out + i, activate(y, args->activation));
      }
      if (i < pixels) {
        vf y = multiply_add(load_part(x + i, pixels - i) - offset, multiplier, addend);
        store_part(out + i, activate(y, args->activation), pixels - i);
      }
    }
  }
}
