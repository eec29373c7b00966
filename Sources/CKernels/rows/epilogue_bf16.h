// What `linear_bf16` does to a product before it stores it.

/// How a product is stored; the fields are those of `dth_linear_args`.
typedef struct {
  void *result;
  dth_element element;
  int64_t result_stride;
  const float *bias, *gate, *residual;
  dth_activation activation;
  int64_t rows_per_gate, gate_stride;
  int64_t residual_rows, residual_stride, residual_repeats;
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
      .residual_repeats = dth_max(1, args->residual_repeats),
  };
}

/// The row of an operand that serves row m of the result, where each serves `run` rows.
INLINE const float *row_of_run(const float *base, int64_t m, int64_t run, int64_t stride) {
  // Most often there is one row, and no need of a division.
  return m < run ? base : base + m / run * stride;
}

/// The row of the residual that serves row m of the result.
INLINE const float *residual_row(const bf16_epilogue *how, int64_t m) {
  if (how->residual_repeats != 1) m /= how->residual_repeats;
  int64_t rows = how->residual_rows;
  return how->residual + (m < rows ? m : m % rows) * how->residual_stride;
}

INLINE vf activate_for(dth_element element, vf x, dth_activation activation) {
  return element == DTH_BF16 ? activate_coarsely(x, activation) : activate(x, activation);
}

/// Stores `rows` rows of a product [rows, 32] at (m, column) of the result, the first `columns`
/// columns of each.
static void store_some_columns(
    const bf16_epilogue *how, const float *from, int64_t m, int64_t rows, int64_t column,
    int64_t columns) {
  for (; rows > 0; rows--, m++, from += DTH_PANEL) {
    for (int64_t c = 0; c < columns; c += DTH_WIDTH) {
      int64_t count = dth_min(DTH_WIDTH, columns - c), at = column + c;
      vf x = load(from + c);
      if (how->bias != NULL) x += load_part(how->bias + at, count);
      x = activate_for(how->element, x, how->activation);
      if (how->gate != NULL) {
        x *= load_part(
            row_of_run(how->gate, m, how->rows_per_gate, how->gate_stride) + at, count);
      }
      if (how->residual != NULL) {
        x += load_part(residual_row(how, m) + at, count);
      }
      store_as(how->element, how->result, m * how->result_stride + at, x, count);
    }
  }
}

/// `store_some_columns` of all 32, with or without a gate and a residual.
INLINE void store_all_columns(
    const bf16_epilogue *how, const dth_activation activation, const dth_element element,
    const bool plain, const float *from, int64_t m, int64_t rows, int64_t column) {
  // -0 is what leaves every summand as it is.
  vf bias[DTH_PANEL / DTH_WIDTH];
  UNROLL for (int v = 0; v < DTH_PANEL / DTH_WIDTH; v++) {
    bias[v] = how->bias == NULL ? (vf)-0.0f : load(how->bias + column + v * DTH_WIDTH);
  }
  int64_t at = m * how->result_stride + column;
  for (; rows > 0; rows--, m++, from += DTH_PANEL, at += how->result_stride) {
    vf x[DTH_PANEL / DTH_WIDTH];
    UNROLL for (int v = 0; v < DTH_PANEL / DTH_WIDTH; v++) {
      x[v] = activate_for(element, load(from + v * DTH_WIDTH) + bias[v], activation);
    }
    if (!plain && how->gate != NULL) {
      const float *gate =
          row_of_run(how->gate, m, how->rows_per_gate, how->gate_stride) + column;
      UNROLL for (int v = 0; v < DTH_PANEL / DTH_WIDTH; v++) x[v] *= load(gate + v * DTH_WIDTH);
    }
    if (!plain && how->residual != NULL) {
      const float *residual = residual_row(how, m) + column;
      UNROLL for (int v = 0; v < DTH_PANEL / DTH_WIDTH; v++) {
        x[v] += load(residual + v * DTH_WIDTH);
      }
    }
    store_panel_row(element, how->result, at, x);
  }
}

/// Stores rows of a product; see `store_some_columns`.
typedef void (*rows_store)(
    const bf16_epilogue *how, const float *from, int64_t m, int64_t rows, int64_t column,
    int64_t columns);

#define DTH_ROWS_STORE(name, activation)                                                       \
  static void store_##name(                                                                    \
      const bf16_epilogue *how, const float *from, int64_t m, int64_t rows, int64_t column,    \
      int64_t columns) {                                                                       \
    bool plain = how->gate == NULL && how->residual == NULL;                                   \
    if (columns < DTH_PANEL) {                                                                 \
      store_some_columns(how, from, m, rows, column, columns);                                 \
    } else if (how->element == DTH_BF16 && plain) {                                            \
      store_all_columns(how, activation, DTH_BF16, true, from, m, rows, column);               \
    } else if (how->element == DTH_BF16) {                                                     \
      store_all_columns(how, activation, DTH_BF16, false, from, m, rows, column);              \
    } else {                                                                                   \
      store_all_columns(how, activation, DTH_F32, false, from, m, rows, column);               \
    }                                                                                          \
  }
DTH_ROWS_STORE(plain, DTH_ACTIVATION_NONE)
DTH_ROWS_STORE(relu, DTH_ACTIVATION_RELU)
DTH_ROWS_STORE(gelu, DTH_ACTIVATION_GELU)
DTH_ROWS_STORE(gelu_tanh, DTH_ACTIVATION_GELU_TANH)
DTH_ROWS_STORE(gelu_quick, DTH_ACTIVATION_GELU_QUICK)
DTH_ROWS_STORE(silu, DTH_ACTIVATION_SILU)
DTH_ROWS_STORE(sigmoid, DTH_ACTIVATION_SIGMOID)
DTH_ROWS_STORE(tanh, DTH_ACTIVATION_TANH)

static rows_store rows_store_of(dth_activation activation) {
  switch (activation) {
    case DTH_ACTIVATION_NONE: return store_plain;
    case DTH_ACTIVATION_RELU: return store_relu;
    case DTH_ACTIVATION_GELU: return store_gelu;
    case DTH_ACTIVATION_GELU_TANH: return store_gelu_tanh;
    case DTH_ACTIVATION_GELU_QUICK: return store_gelu_quick;
    case DTH_ACTIVATION_SILU: return store_silu;
    case DTH_ACTIVATION_SIGMOID: return store_sigmoid;
    case DTH_ACTIVATION_TANH: return store_tanh;
  }
  return store_plain;
}
