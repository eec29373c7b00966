// Kernels that treat each row on its own: softmax and its gradient, gather.

/// exp(scale (x - max x)) / sum exp(scale (x - max x)) of a row; `out` may be `x`.
INLINE void softmax_row(const float *x, int64_t width, float scale, float *out) {
  int64_t whole = width / DTH_WIDTH * DTH_WIDTH, left = width - whole;
  vf tops = -INFINITY;
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) tops = maximum(tops, load(x + i));
  float top = lane_maximum(tops);
  for (int64_t i = whole; i < width; i++) top = x[i] > top || x[i] != x[i] ? x[i] : top;
  vf sums = 0;
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    vf p = exponential((load(x + i) - top) * scale);
    store(out + i, p);
    sums += p;
  }
  if (left > 0) {
    vf part = -INFINITY;
    memcpy(&part, x + whole, (size_t)left * sizeof(float));
    // The lanes beyond the row are e^-inf = 0, unless the row is NaN anyway.
    vf p = exponential((part - top) * scale);
    store_part(out + whole, p, left);
    sums += p;
  }
  float factor = 1.0f / lane_sum(sums);
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) store(out + i, load(out + i) * factor);
  for (int64_t i = whole; i < width; i++) out[i] *= factor;
}

static void softmax(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_softmax_args *args = arguments;
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (int64_t row = dth_part(args->rows, thread, thread_count); row < end; row++) {
    softmax_row(
        (const float *)operands[1] + row * args->row_stride, args->width, 1,
        (float *)operands[0] + row * args->result_stride);
  }
}

/// (dy - sum(dy y)) y scale of a row.
INLINE void softmax_gradient_row(
    const float *y, const float *dy, int64_t width, float scale, dth_element element, void *result,
    int64_t at) {
  int64_t whole = width / DTH_WIDTH * DTH_WIDTH, left = width - whole;
  vf sums = 0;
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    sums = multiply_add(load(y + i), load(dy + i), sums);
  }
  if (left > 0) sums += load_part(y + whole, left) * load_part(dy + whole, left);
  vf sum = lane_sum(sums);
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    store_as(element, result, at + i, (load(dy + i) - sum) * (load(y + i) * scale), DTH_WIDTH);
  }
  if (left > 0) {
    vf v = (load_part(dy + whole, left) - sum) * (load_part(y + whole, left) * scale);
    store_as(element, result, at + whole, v, left);
  }
}

static void softmax_gradient(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_softmax_gradient_args *args = arguments;
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (int64_t row = dth_part(args->rows, thread, thread_count); row < end; row++) {
    int64_t at = row * args->width;
    softmax_gradient_row(
        (const float *)operands[1] + at, (const float *)operands[2] + at, args->width, 1,
        args->result_element, operands[0], at);
  }
}

static void gather(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
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
