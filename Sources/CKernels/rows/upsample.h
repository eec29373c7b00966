// Nearest upsampling of images by whole factors.

/// Writes each of `width` floats `factor` times.
INLINE void repeat_elements(const float *x, int64_t width, int64_t factor, float *out) {
  if (factor == 1) {
    memcpy(out, x, (size_t)width * sizeof(float));
  } else if (factor == 2) {
    for (int64_t i = 0; i < width; i++) out[2 * i] = out[2 * i + 1] = x[i];
  } else {
    for (int64_t i = 0; i < width; i++) {
      for (int64_t f = 0; f < factor; f++) out[i * factor + f] = x[i];
    }
  }
}

static void upsample(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_upsample_args *args = arguments;
  int64_t out_width = args->width * args->factor_x;
  int64_t rows = args->planes * args->height;
  int64_t end = dth_part(rows, thread + 1, thread_count);
  for (int64_t row = dth_part(rows, thread, thread_count); row < end; row++) {
    float *out = (float *)operands[0] + row * args->factor_y * out_width;
    const float *x = (const float *)operands[1] + row * args->width;
    repeat_elements(x, args->width, args->factor_x, out);
    for (int64_t f = 1; f < args->factor_y; f++) {
      memcpy(out + f * out_width, out, (size_t)out_width * sizeof(float));
    }
  }
}
