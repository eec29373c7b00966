// Kernels that treat each row on its own: norm with affine, softmax, gather.

/// Four sums side by side, so that additions do not wait for each other.
#define DTH_CHAINS 4

/// The sum of a row's elements less `offset`, and where `squares` is not NULL of their squares.
INLINE float sum_row(const float *row, int64_t width, float offset, float *squares) {
  vf sum[DTH_CHAINS] = {0}, square[DTH_CHAINS] = {0};
  int64_t i = 0;
  for (; i + DTH_CHAINS * DTH_WIDTH <= width; i += DTH_CHAINS * DTH_WIDTH) {
    UNROLL for (int chain = 0; chain < DTH_CHAINS; chain++) {
      vf d = load(row + i + chain * DTH_WIDTH) - offset;
      sum[chain] += d;
      square[chain] = multiply_add(d, d, square[chain]);
    }
  }
  for (; i < width; i += DTH_WIDTH) {
    // The lanes beyond the row become 0 after the subtraction too.
    vf part = offset;
    memcpy(&part, row + i, (size_t)dth_min(DTH_WIDTH, width - i) * sizeof(float));
    vf d = part - offset;
    sum[0] += d;
    square[0] = multiply_add(d, d, square[0]);
  }
  if (squares != NULL) *squares = lane_sum((square[0] + square[1]) + (square[2] + square[3]));
  return lane_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

INLINE vf affine(vf x, const vf *scale, const vf *shift) {
  if (scale == NULL) return shift == NULL ? x : x + *shift;
  return shift == NULL ? x * *scale : multiply_add(x, *scale, *shift);
}

static void norm_affine(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  (void)scratch;
  const dth_norm_affine_args *args = arguments;
  const float *scales = operands[2], *shifts = operands[3];
  int64_t rows_per_scale = scales == NULL ? 1 : args->rows / args->scale_rows;
  int64_t rows_per_shift = shifts == NULL ? 1 : args->rows / args->shift_rows;
  int64_t width = args->width;
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (int64_t row = dth_part(args->rows, thread, thread_count); row < end; row++) {
    const float *x = (const float *)operands[1] + row * args->row_stride;
    int64_t at = row * args->result_stride;
    const float *scale =
        scales == NULL ? NULL : scales + row / rows_per_scale * args->scale_stride;
    const float *shift =
        shifts == NULL ? NULL : shifts + row / rows_per_shift * args->shift_stride;
    // Two passes; the second also finds by how much the rounded mean is wrong.
    float mean = sum_row(x, width, 0, NULL) / (float)width;
    float squares;
    float correction = sum_row(x, width, mean, &squares) / (float)width;
    float variance = squares / (float)width - correction * correction;
    float factor = 1.0f / sqrtf(variance + args->epsilon);
    for (int64_t i = 0; i < width; i += DTH_WIDTH) {
      int64_t count = dth_min(DTH_WIDTH, width - i);
      vf a, b, v;
      if (count == DTH_WIDTH) {
        v = load(x + i);
        if (scale != NULL) a = load(scale + i);
        if (shift != NULL) b = load(shift + i);
      } else {
        v = load_part(x + i, count);
        if (scale != NULL) a = load_part(scale + i, count);
        if (shift != NULL) b = load_part(shift + i, count);
      }
      v = ((v - mean) - correction) * factor;
      v = affine(v, scale == NULL ? NULL : &a, shift == NULL ? NULL : &b);
      store_as(args->result_element, operands[0], at + i, v, count);
    }
  }
}

static void softmax(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  (void)scratch;
  const dth_softmax_args *args = arguments;
  int64_t width = args->width;
  int64_t whole = width / DTH_WIDTH * DTH_WIDTH, left = width - whole;
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (int64_t row = dth_part(args->rows, thread, thread_count); row < end; row++) {
    const float *x = (const float *)operands[1] + row * args->row_stride;
    float *out = (float *)operands[0] + row * args->result_stride;
    vf tops = -INFINITY;
    for (int64_t i = 0; i < whole; i += DTH_WIDTH) tops = maximum(tops, load(x + i));
    float top = lane_maximum(tops);
    for (int64_t i = whole; i < width; i++) top = x[i] > top || x[i] != x[i] ? x[i] : top;
    vf sums = 0;
    for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
      vf p = exponential(load(x + i) - top);
      store(out + i, p);
      sums += p;
    }
    if (left > 0) {
      vf part = -INFINITY;
      memcpy(&part, x + whole, (size_t)left * sizeof(float));
      // The lanes beyond the row are e^-inf = 0, unless the row is NaN anyway.
      vf p = exponential(part - top);
      store_part(out + whole, p, left);
      sums += p;
    }
    float factor = 1.0f / lane_sum(sums);
    for (int64_t i = 0; i < whole; i += DTH_WIDTH) store(out + i, load(out + i) * factor);
    for (int64_t i = whole; i < width; i++) out[i] *= factor;
  }
}

static void gather(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch) {
  (void)scratch;
  const dth_gather_args *args = arguments;
  const int32_t *ids = operands[2];
  int64_t end = dth_part(args->count, thread + 1, thread_count);
  for (int64_t i = dth_part(args->count, thread, thread_count); i < end; i++) {
    int64_t id = dth_min(dth_max(ids[i], 0), args->rows - 1);
    memcpy(
        (float *)operands[0] + i * args->result_stride,
        (const float *)operands[1] + id * args->table_stride,
        (size_t)args->width * sizeof(float));
  }
}
