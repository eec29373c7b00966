// The gradient of a norm, several rows at once so that their sums do not wait for each other.

/// A row of dy, scaled; `count` lanes of it.
INLINE vf scaled_part(const float *dy, const float *scale, int64_t i, int64_t count) {
  vf g = count == DTH_WIDTH ? load(dy + i) : load_part(dy + i, count);
  if (scale == NULL) return g;
  return g * (count == DTH_WIDTH ? load(scale + i) : load_part(scale + i, count));
}

INLINE void norm_gradient_some(
    const dth_norm_gradient_args *args, void *const *operands, int64_t row, const int rows) {
  const float *scales = operands[3], *residual = operands[4];
  int64_t rows_per_scale = args->rows / args->scale_rows, width = args->width;
  int64_t whole = width / DTH_WIDTH * DTH_WIDTH, left = width - whole;
  norm_rows of;
  const float *dy[DTH_NORM_ROWS], *scale[DTH_NORM_ROWS];
  for (int r = 0; r < rows; r++) {
    of.x[r] = (const float *)operands[1] + (row + r) * width;
    of.scale[r] = NULL;
    of.shift[r] = NULL;
    dy[r] = (const float *)operands[2] + (row + r) * width;
    scale[r] = scales == NULL ? NULL : scales + (row + r) / rows_per_scale * width;
  }
  measure_rows(&of, rows, width, args->epsilon);
  const vf none = 0;
  vf sums[DTH_NORM_ROWS], products[DTH_NORM_ROWS];
  UNROLL for (int r = 0; r < rows; r++) sums[r] = products[r] = 0;
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    UNROLL for (int r = 0; r < rows; r++) {
      vf g = scaled_part(dy[r], scale[r], i, DTH_WIDTH);
      sums[r] += g;
      products[r] = multiply_add(g, normed(&of, r, load(of.x[r] + i), none, none), products[r]);
    }
  }
  vf mean[DTH_NORM_ROWS], slope[DTH_NORM_ROWS];
  UNROLL for (int r = 0; r < rows; r++) {
    if (left > 0) {
      // Beyond the row g is 0, whatever x is normed to.
      vf g = scaled_part(dy[r], scale[r], whole, left);
      sums[r] += g;
      products[r] += g * normed(&of, r, load_part(of.x[r] + whole, left), none, none);
    }
    mean[r] = lane_sum(sums[r]) / (float)width;
    slope[r] = lane_sum(products[r]) / (float)width;
  }
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    UNROLL for (int r = 0; r < rows; r++) {
      vf y = normed(&of, r, load(of.x[r] + i), none, none);
      vf v = scaled_part(dy[r], scale[r], i, DTH_WIDTH) - mean[r] - y * slope[r];
      int64_t at = (row + r) * width + i;
      v *= of.factor[r];
      store((float *)operands[0] + at, residual == NULL ? v : v + load(residual + at));
    }
  }
  if (left == 0) return;
  for (int r = 0; r < rows; r++) {
    vf y = normed(&of, r, load_part(of.x[r] + whole, left), none, none);
    vf v = scaled_part(dy[r], scale[r], whole, left) - mean[r] - y * slope[r];
    int64_t at = (row + r) * width + whole;
    v *= of.factor[r];
    if (residual != NULL) v += load_part(residual + at, left);
    store_part((float *)operands[0] + at, v, left);
  }
}

static void norm_gradient(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_norm_gradient_args *args = arguments;
  int64_t row = dth_part(args->rows, thread, thread_count);
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (; row + DTH_NORM_ROWS <= end; row += DTH_NORM_ROWS) {
    norm_gradient_some(args, operands, row, DTH_NORM_ROWS);
  }
  for (; row < end; row++) norm_gradient_some(args, operands, row, 1);
}
