// The softmax of attention on AMX: scores [32 queries, keys] become weights, rounded to bf16 at the
// beginning of their rows. It is done in small parts, between the steps of products.

/// The vectors of a part.
#define DTH_SOFTMAX_PART 8

/// The softmax of the scores of a panel of queries over a tile of keys.
///
/// Scores times `scale` are logarithms to the base of 2.
typedef struct {
  float *scores;
  /// Floats between rows, vectors of a row, an even number, and rows.
  int64_t stride, vectors, rows;
  float scale;
  /// Per query: the largest so far, the sum of weights so far, and the factor that carries sums and
  /// results from the tiles before.
  float *tops, *sums, *carries;
  /// The row, and the vector in it, that is next; and whether the row's largest is known.
  int64_t row, vector;
  bool has_top;
  /// The largest, or the sum, of the vectors before.
  vf partial;
  /// The parts that are done between steps.
  int64_t parts_per_step;
} softmax_work;

/// Ends the search for a row's largest score.
INLINE void begin_weights(softmax_work *work) {
  float before = work->tops[work->row];
  float largest = _mm512_reduce_max_ps((__m512)work->partial) * work->scale;
  float top = largest > before ? largest : before;
  work->tops[work->row] = top;
  work->carries[work->row] = coarse_power((vf)(before - top))[0];
  work->has_top = true;
  work->vector = 0;
  work->partial = 0;
}

INLINE void end_row(softmax_work *work) {
  float sum = _mm512_reduce_add_ps((__m512)work->partial);
  float *sums = work->sums + work->row;
  *sums = *sums * work->carries[work->row] + sum;
  work->row++;
  work->has_top = false;
  work->vector = 0;
  work->partial = (vf)-INFINITY;
}

/// Does up to `count` more parts.
INLINE void do_softmax(softmax_work *work, int64_t count) {
  for (; count > 0 && work->row < work->rows; count--) {
    float *row = work->scores + work->row * work->stride;
    int64_t vector = work->vector;
    int64_t end = dth_min(vector + DTH_SOFTMAX_PART, work->vectors);
    vf partial = work->partial;
    if (!work->has_top) {
      for (; vector < end; vector++) {
        // The second operand where the first is NaN.
        partial =
            (vf)_mm512_max_ps((__m512)load(row + vector * DTH_WIDTH), (__m512)partial);
      }
      work->partial = partial;
      work->vector = vector;
      if (vector == work->vectors) begin_weights(work);
    } else {
      vf top = work->tops[work->row];
      for (; vector < end; vector += 2) {
        vf low = load(row + vector * DTH_WIDTH), high = load(row + (vector + 1) * DTH_WIDTH);
        low = coarse_power(multiply_add(low, (vf)work->scale, -top));
        high = coarse_power(multiply_add(high, (vf)work->scale, -top));
        partial += low + high;
        // Behind what is still to be read.
        _mm512_storeu_si512(
            row + vector / 2 * DTH_WIDTH,
            (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
      }
      work->partial = partial;
      work->vector = vector;
      if (vector == work->vectors) end_row(work);
    }
  }
}

INLINE void do_softmax_step(void *state) {
  softmax_work *work = state;
  do_softmax(work, work->parts_per_step);
}

/// The parts of the whole work.
static int64_t softmax_parts(const softmax_work *work) {
  return work->rows * 2 * dth_ceil_div(work->vectors, DTH_SOFTMAX_PART);
}
