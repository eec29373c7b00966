// What `linear_bf16` does to a product before it stores it.

/// How a product is stored; the fields are those of `dth_linear_args`.
typedef struct {
  void *result;
  dth_element element;
  int64_t result_stride;
  const float *bias, *gate, *residual;
  dth_activation activation;
  int64_t rows_per_gate, gate_stride;
  int64_t residual_rows, residual_stride;
} bf16_epilogue;

static bf16_epilogue bf16_epilogue_of(const dth_linear_args *args, void *const *operands) {
  return (bf16_epilogue){
      .result = operands[0],
      .element = args->result_element,
      .result_stride = args->result_stride,
      .bias = operands[3],
      .gate = operands[4],
      .residual = operands[5],
      .activation = args->activation,
      .rows_per_gate = operands[4] == NULL ? 1 : args->m / args->gate_rows,
      .gate_stride = args->gate_stride,
      .residual_rows = operands[5] == NULL ? 1 : args->residual_rows,
      .residual_stride = args->residual_stride,
  };
}

/// Up to a vector of floats.
INLINE vf load_some(const float *p, int64_t count) {
  return count == DTH_WIDTH ? load(p) : load_part(p, count);
}

/// Stores `columns` of a row of a product at (m, column) of the result.
INLINE void store_row(
    const bf16_epilogue *how, const dth_activation activation, const float *from, int64_t m,
    int64_t column, int64_t columns) {
  const float *bias = how->bias == NULL ? NULL : how->bias + column;
  const float *gate =
      how->gate == NULL ? NULL : how->gate + m / how->rows_per_gate * how->gate_stride + column;
  const float *residual =
      how->residual == NULL
          ? NULL
          : how->residual + m % how->residual_rows * how->residual_stride + column;
  for (int64_t c = 0; c < columns; c += DTH_WIDTH) {
    int64_t count = dth_min(DTH_WIDTH, columns - c);
    vf x = load(from + c);
    if (bias != NULL) x += load_some(bias + c, count);
    x = activate(x, activation);
    if (gate != NULL) x *= load_some(gate + c, count);
    if (residual != NULL) x += load_some(residual + c, count);
    store_as(how->element, how->result, m * how->result_stride + column + c, x, count);
  }
}

/// Stores rows of a product, `stride` apart, at (row, column) of the result.
static void store_rows(
    const bf16_epilogue *how, const float *from, int64_t stride, int64_t row, int64_t rows,
    int64_t column, int64_t columns) {
#define DTH_CASE(activation)                                                      \
  case activation:                                                                \
    for (int64_t r = 0; r < rows; r++) {                                          \
      store_row(how, activation, from + r * stride, row + r, column, columns);    \
    }                                                                             \
    break;
  switch (how->activation) {
    DTH_CASE(DTH_ACTIVATION_NONE)
    DTH_CASE(DTH_ACTIVATION_RELU)
    DTH_CASE(DTH_ACTIVATION_GELU)
    DTH_CASE(DTH_ACTIVATION_GELU_TANH)
    DTH_CASE(DTH_ACTIVATION_SILU)
    DTH_CASE(DTH_ACTIVATION_SIGMOID)
    DTH_CASE(DTH_ACTIVATION_TANH)
  }
#undef DTH_CASE
}
