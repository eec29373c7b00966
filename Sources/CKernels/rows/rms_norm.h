// Norm by the root of the mean square, over rows.

/// The first `count` floats, which may be all.
INLINE vf load_first(const float *p, int64_t count) {
  return count == DTH_WIDTH ? load(p) : load_part(p, count);
}

/// The sum of a row's squares, by chains that do not wait for each other.
INLINE float square_sum(const float *row, int64_t width) {
  vf sum[4] = {0};
  int64_t i = 0;
  for (; i + 4 * DTH_WIDTH <= width; i += 4 * DTH_WIDTH) {
    UNROLL for (int chain = 0; chain < 4; chain++) {
      vf x = load(row + i + chain * DTH_WIDTH);
      sum[chain] = multiply_add(x, x, sum[chain]);
    }
  }
  for (; i < width; i += DTH_WIDTH) {
    vf x = load_part(row + i, dth_min(DTH_WIDTH, width - i));
    sum[0] = multiply_add(x, x, sum[0]);
  }
  return lane_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

static void rms_norm(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_rms_norm_args *args = arguments;
  const float *scales = operands[2];
  int64_t rows_per_scale = scales == NULL ? 1 : args->rows / args->scale_rows;
  int64_t width = args->width;
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (int64_t row = dth_part(args->rows, thread, thread_count); row < end; row++) {
    const float *x = (const float *)operands[1] + row * args->row_stride;
    const float *scale =
        scales == NULL ? NULL : scales + row / rows_per_scale * args->scale_stride;
    float factor = 1.0f / sqrtf(square_sum(x, width) / (float)width + args->epsilon);
    for (int64_t i = 0; i < width; i += DTH_WIDTH) {
      int64_t count = dth_min(DTH_WIDTH, width - i);
      vf y = load_first(x + i, count) * factor;
      if (scale != NULL) y *= load_first(scale + i, count);
      store_as(args->result_element, operands[0], row * args->result_stride + i, y, count);
    }
  }
}
