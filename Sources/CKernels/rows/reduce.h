// Reductions over whole axes of a strided view.

/// The kept elements that are reduced side by side.
#define DTH_REDUCE_TILE 256

/// How many steps along the reduced axis memory is asked for ahead: a tile is part of a row, which
/// the processor does not foresee.
#define DTH_REDUCE_AHEAD 8

/// The offset of element `index` in row-major order over axes.
INLINE int64_t offset_of(
    int64_t index, int rank, const int64_t *dims, const int64_t *strides) {
  int64_t offset = 0;
  for (int axis = rank - 1; axis >= 0; axis--) {
    offset += index % dims[axis] * strides[axis];
    index /= dims[axis];
  }
  return offset;
}

/// Adds the contiguous `count` floats of `x`, times those of `factor` unless it is NULL, to `sums`,
/// element by element.
static void add_elements(double *sums, const float *x, const float *factor, int64_t count) {
  if (factor == NULL) {
    for (int64_t i = 0; i < count; i++) sums[i] += (double)x[i];
  } else {
    for (int64_t i = 0; i < count; i++) sums[i] += (double)(x[i] * factor[i]);
  }
}

static void raise_elements(float *tops, const float *x, int64_t count) {
  int64_t i = 0;
  for (; i + DTH_WIDTH <= count; i += DTH_WIDTH) {
    store(tops + i, maximum(load(tops + i), load(x + i)));
  }
  for (; i < count; i++) tops[i] = tops[i] > x[i] || tops[i] != tops[i] ? tops[i] : x[i];
}

/// The sum of a run of elements, times those of `factor` unless it is NULL.
static double sum_run(const float *x, const float *factor, int64_t stride, int64_t count) {
  double sum = 0;
  int64_t i = 0;
  if (stride == 1) {
    vd sums = 0;
    for (; i + DTH_WIDTH <= count; i += DTH_WIDTH) {
      vf v = factor == NULL ? load(x + i) : load(x + i) * load(factor + i);
      sums += __builtin_convertvector(v, vd);
    }
    for (int lane = 0; lane < DTH_WIDTH; lane++) sum += sums[lane];
  }
  for (; i < count; i++) {
    sum += (double)(factor == NULL ? x[i * stride] : x[i * stride] * factor[i * stride]);
  }
  return sum;
}

/// The largest of `top` and a run of elements.
static float maximum_run(float top, const float *x, int64_t stride, int64_t count) {
  int64_t i = 0;
  if (stride == 1) {
    vf tops = top;
    for (; i + DTH_WIDTH <= count; i += DTH_WIDTH) tops = maximum(tops, load(x + i));
    top = lane_maximum(tops);
  }
  for (; i < count; i++) {
    float value = x[i * stride];
    top = top > value || top != top ? top : value;
  }
  return top;
}

static void reduce(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  (void)claims;
  (void)scratch;
  const dth_reduce_args *args = arguments;
  const float *x = operands[1], *factor = operands[2];
  float *result = operands[0];
  int64_t kept = 1, reduced = 1;
  for (int axis = 0; axis < args->kept_rank; axis++) kept *= args->kept_dims[axis];
  for (int axis = 0; axis < args->reduced_rank; axis++) reduced *= args->reduced_dims[axis];
  bool maximal = args->reduction == DTH_MAX;
  double divisor = args->reduction == DTH_MEAN ? (double)reduced : 1;

  int64_t kept_inner = args->kept_rank == 0 ? 1 : args->kept_dims[args->kept_rank - 1];
  int64_t kept_stride = args->kept_rank == 0 ? 0 : args->kept_strides[args->kept_rank - 1];
  if (kept_stride == 1 && kept_inner > 1) {
    // Neighbours in the result are neighbours in memory: reduced side by side.
    int64_t pieces = dth_ceil_div(kept_inner, DTH_REDUCE_TILE);
    int64_t tiles = kept / kept_inner * pieces;
    int64_t end = dth_part(tiles, thread + 1, thread_count);
    for (int64_t tile = dth_part(tiles, thread, thread_count); tile < end; tile++) {
      int64_t row = tile / pieces;
      int64_t column = dth_part(kept_inner, tile % pieces, pieces);
      int64_t count = dth_part(kept_inner, tile % pieces + 1, pieces) - column;
      const float *from =
          x + column + offset_of(row, args->kept_rank - 1, args->kept_dims, args->kept_strides);
      float *to = result + row * kept_inner + column;
      double sums[DTH_REDUCE_TILE] = {0};
      float tops[DTH_REDUCE_TILE];
      for (int64_t i = 0; i < count; i++) tops[i] = -INFINITY;
      for (int64_t i = 0; i < reduced; i++) {
        const float *elements =
            from + offset_of(i, args->reduced_rank, args->reduced_dims, args->reduced_strides);
        const float *factors = factor == NULL ? NULL : factor + (elements - x);
        if (args->reduced_rank == 1) {
          const float *ahead = elements + DTH_REDUCE_AHEAD * args->reduced_strides[0];
          for (int64_t c = 0; c < count; c += 16) __builtin_prefetch(ahead + c);
          if (factor != NULL) {
            for (int64_t c = 0; c < count; c += 16) __builtin_prefetch(factor + (ahead - x) + c);
          }
        }
        if (maximal) {
          raise_elements(tops, elements, count);
        } else {
          add_elements(sums, elements, factors, count);
        }
      }
      for (int64_t i = 0; i < count; i++) {
        to[i] = maximal ? tops[i] : (float)(sums[i] / divisor);
      }
    }
    return;
  }
  // One element of the result at a time, by runs of the innermost reduced axis.
  int last = args->reduced_rank - 1;
  int64_t run = last < 0 ? 1 : args->reduced_dims[last];
  int64_t stride = last < 0 ? 1 : args->reduced_strides[last];
  int64_t end = dth_part(kept, thread + 1, thread_count);
  for (int64_t element = dth_part(kept, thread, thread_count); element < end; element++) {
    const float *from =
        x + offset_of(element, args->kept_rank, args->kept_dims, args->kept_strides);
    double sum = 0;
    float top = -INFINITY;
    for (int64_t i = 0; i < reduced / run; i++) {
      const float *elements =
          from + offset_of(i, dth_max(last, 0), args->reduced_dims, args->reduced_strides);
      const float *factors = factor == NULL ? NULL : factor + (elements - x);
      if (maximal) {
        top = maximum_run(top, elements, stride, run);
      } else {
        sum += sum_run(elements, factors, stride, run);
      }
    }
    result[element] = maximal ? top : (float)(sum / divisor);
  }
}
