// Norm with scale and shift, several rows at once so that their sums do not wait for each other.

/// The rows that are taken at once.
#define DTH_NORM_ROWS 4

/// Rows of the operands of a norm, and what is known of them.
typedef struct {
  const float *x[DTH_NORM_ROWS], *scale[DTH_NORM_ROWS], *shift[DTH_NORM_ROWS];
  float mean[DTH_NORM_ROWS], offset[DTH_NORM_ROWS], factor[DTH_NORM_ROWS];
} norm_rows;

/// The means and, by a second pass, by how much they are wrong and how far the elements spread.
///
/// A row's sums are made in the same order whatever `rows` is. On return an element is normed by
/// (x - mean) * factor + offset.
INLINE void measure_rows(norm_rows *of, const int rows, int64_t width, float epsilon) {
  vf sum[DTH_NORM_ROWS], square[DTH_NORM_ROWS];
  int64_t whole = width / DTH_WIDTH * DTH_WIDTH, left = width - whole;
  UNROLL for (int r = 0; r < rows; r++) sum[r] = 0;
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    UNROLL for (int r = 0; r < rows; r++) sum[r] += load(of->x[r] + i);
  }
  UNROLL for (int r = 0; r < rows; r++) {
    if (left > 0) sum[r] += load_part(of->x[r] + whole, left);
    of->mean[r] = lane_sum(sum[r]) / (float)width;
    sum[r] = 0;
    square[r] = 0;
  }
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    UNROLL for (int r = 0; r < rows; r++) {
      vf d = load(of->x[r] + i) - of->mean[r];
      sum[r] += d;
      square[r] = multiply_add(d, d, square[r]);
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    for (int64_t i = whole; i < width; i++) {
      float d = of->x[r][i] - of->mean[r];
      sum[r][0] += d;
      square[r][0] += d * d;
    }
    float correction = lane_sum(sum[r]) / (float)width;
    float variance = lane_sum(square[r]) / (float)width - correction * correction;
    of->factor[r] = 1.0f / sqrtf(variance + epsilon);
    of->offset[r] = -correction * of->factor[r];
  }
}

/// A normed vector, scaled and shifted by vectors where the row has them.
INLINE vf normed(const norm_rows *of, int r, vf x, vf scale, vf shift) {
  vf v = multiply_add(x - of->mean[r], (vf)of->factor[r], (vf)of->offset[r]);
  if (of->scale[r] == NULL) return of->shift[r] == NULL ? v : v + shift;
  return of->shift[r] == NULL ? v * scale : multiply_add(v, scale, shift);
}

INLINE void norm_some(
    const dth_norm_affine_args *args, void *const *operands, int64_t row, const int rows) {
  const float *scales = operands[2], *shifts = operands[3];
  int64_t rows_per_scale = scales == NULL ? 1 : args->rows / args->scale_rows;
  int64_t rows_per_shift = shifts == NULL ? 1 : args->rows / args->shift_rows;
  int64_t width = args->width, whole = width / DTH_WIDTH * DTH_WIDTH, left = width - whole;
  norm_rows of;
  for (int r = 0; r < rows; r++) {
    of.x[r] = (const float *)operands[1] + (row + r) * args->row_stride;
    of.scale[r] =
        scales == NULL ? NULL : scales + (row + r) / rows_per_scale * args->scale_stride;
    of.shift[r] =
        shifts == NULL ? NULL : shifts + (row + r) / rows_per_shift * args->shift_stride;
  }
  measure_rows(&of, rows, width, args->epsilon);
  const vf none = 0;
  for (int64_t i = 0; i < whole; i += DTH_WIDTH) {
    UNROLL for (int r = 0; r < rows; r++) {
      vf v = normed(
          &of, r, load(of.x[r] + i), scales == NULL ? none : load(of.scale[r] + i),
          shifts == NULL ? none : load(of.shift[r] + i));
      int64_t at = (row + r) * args->result_stride + i;
      store_as(args->result_element, operands[0], at, v, DTH_WIDTH);
    }
  }
  if (left == 0) return;
  for (int r = 0; r < rows; r++) {
    vf v = normed(
        &of, r, load_part(of.x[r] + whole, left),
        scales == NULL ? none : load_part(of.scale[r] + whole, left),
        shifts == NULL ? none : load_part(of.shift[r] + whole, left));
    int64_t at = (row + r) * args->result_stride + whole;
    store_as(args->result_element, operands[0], at, v, left);
  }
}

static void norm_affine(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_norm_affine_args *args = arguments;
  int64_t row = dth_part(args->rows, thread, thread_count);
  int64_t end = dth_part(args->rows, thread + 1, thread_count);
  for (; row + DTH_NORM_ROWS <= end; row += DTH_NORM_ROWS) {
    norm_some(args, operands, row, DTH_NORM_ROWS);
  }
  for (; row < end; row++) norm_some(args, operands, row, 1);
}
