// Kernels that treat each row on its own: softmax, gather.

static void softmax(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
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
