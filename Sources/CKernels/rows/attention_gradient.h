// The gradient of attention: per head five products by the micro-kernel of `matmul`, scores and
// their gradient in the thread's memory.

/// A matrix, by rows that are `stride` floats apart, as the rows of an operand.
INLINE source rows_of(const float *base, int64_t stride) {
  return (source){base, stride, 1, NULL, NULL};
}

/// The same, its columns being the rows of the operand.
INLINE source columns_of(const float *base, int64_t stride) {
  return (source){base, 1, stride, NULL, NULL};
}

/// result (+)= rows [m, k] · columns [n, k]ᵀ, by this thread alone.
static void multiply_alone(
    source rows, source columns, int64_t m, int64_t n, int64_t k, bool adds, float *result,
    int64_t stride, float *scratch) {
  product of = {.rows = rows, .k = k, .columns = columns, .n = n, .tiles = 1};
  epilogue how = {
      .result = result, .result_stride = stride, .residual = adds ? result : NULL,
      .rows_per_gate = 1, .rows_per_residual = 1, .residual_rows = m, .residual_stride = stride};
  dth_share share = {0, 1, 0, m, 0, dth_ceil_div(n, DTH_PANEL)};
  product_pieces pieces = cut_share(&of, &share);
  packed_rows kept = {-1, -1, -1};
  int64_t count = pieces.chunks * pieces.groups * pieces.parts;
  for (int64_t piece = 0; piece < count; piece++) {
    multiply_piece(&of, &share, &pieces, piece, &how, &kept, scratch);
  }
}

/// The operands and results of a head, and the floats between their rows.
typedef struct {
  const float *q, *k, *v, *dy;
  float *dq, *dk, *dv;
  int64_t stride, value_stride;
} attention_gradient_head;

static void attention_gradient_of(
    const dth_attention_gradient_args *args, const attention_gradient_head *head,
    float *scratch) {
  int64_t keys = args->keys, width = args->width, value_width = args->value_width;
  int64_t stride = head->stride, value_stride = head->value_stride;
  int64_t most = dth_gradient_queries(args);
  float *weights = scratch, *scores = weights + most * keys, *space = scores + most * keys;
  for (int64_t first = 0; first < args->queries; first += most) {
    int64_t count = dth_min(most, args->queries - first);
    const float *q = head->q + first * stride, *dy = head->dy + first * value_stride;
    bool adds = first > 0;
    multiply_alone(
        rows_of(q, stride), rows_of(head->k, stride), count, keys, width, false, weights, keys,
        space);
    multiply_alone(
        rows_of(dy, value_stride), rows_of(head->v, value_stride), count, keys, value_width,
        false, scores, keys, space);
    for (int64_t row = 0; row < count; row++) {
      float *p = weights + row * keys, *dp = scores + row * keys;
      softmax_row(p, keys, args->scale, p);
      softmax_gradient_row(p, dp, keys, args->scale, DTH_F32, dp, 0);
    }
    multiply_alone(
        columns_of(weights, keys), columns_of(dy, value_stride), keys, value_width, count, adds,
        head->dv, value_stride, space);
    multiply_alone(
        rows_of(scores, keys), columns_of(head->k, stride), count, width, keys, false,
        head->dq + first * stride, stride, space);
    multiply_alone(
        columns_of(scores, keys), columns_of(q, stride), keys, width, count, adds, head->dk,
        stride, space);
  }
}

static void attention_gradient(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_attention_gradient_args *args = arguments;
  int64_t stride = args->heads * args->width, value_stride = args->heads * args->value_width;
  float *dq = operands[0], *dk = dq + args->batch * args->queries * stride;
  float *dv = dk + args->batch * args->keys * stride;
  dth_walk walk = dth_walk_of(claims, thread, thread_count);
  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    int64_t heads = args->batch * args->heads;
    int64_t begin = dth_part(heads, owner, thread_count);
    int64_t count = dth_part(heads, owner + 1, thread_count) - begin;
    for (int64_t piece; (piece = dth_claim_piece(&walk, count)) >= 0;) {
      int64_t b = (begin + piece) / args->heads, h = (begin + piece) % args->heads;
      int64_t q = b * args->queries * stride + h * args->width;
      int64_t k = b * args->keys * stride + h * args->width;
      int64_t v = b * args->keys * value_stride + h * args->value_width;
      int64_t dy = b * args->queries * value_stride + h * args->value_width;
      attention_gradient_head head = {
          .q = (const float *)operands[1] + q,
          .k = (const float *)operands[2] + k,
          .v = (const float *)operands[3] + v,
          .dy = (const float *)operands[4] + dy,
          .dq = dq + q,
          .dk = dk + k,
          .dv = dv + v,
          .stride = stride,
          .value_stride = value_stride,
      };
      attention_gradient_of(args, &head, scratch);
    }
  }
}
