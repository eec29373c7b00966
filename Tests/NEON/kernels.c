// Executes every kernel of a row on fixed numbers and writes what comes out, or compares two such
// files. The numbers are those of Philox, which are the same on every machine.
//
//   kernels ROW FILE            ROW is a name of `dth_kernel_rows`
//   kernels --compare FILE FILE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

/// The results of one call: what is written to a file, before its values.
typedef struct {
  char name[64];
  /// The largest difference over the largest magnitude that two rows may have.
  double tolerance;
  int64_t count;
} record;

static const dth_kernel_row *row;
static FILE *out;

static void fail(const char *what, const char *name) {
  fprintf(stderr, "%s: %s\n", name, what);
  exit(1);
}

static void *allocate(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes == 0 ? 64 : bytes) != 0) fail("no memory", "allocate");
  return memory;
}

/// Floats in [-1, 1) that start one float after an aligned address.
static float *numbers(int64_t count, uint64_t stream) {
  float *values = (float *)allocate((size_t)(count + 1) * sizeof(float)) + 1;
  dth_philox_uniform(1, stream, 0, values, count);
  for (int64_t i = 0; i < count; i++) values[i] = 2 * values[i] - 1;
  return values;
}

static void write_record(const char *name, double tolerance, const float *values, int64_t count) {
  record header = {.tolerance = tolerance, .count = count};
  snprintf(header.name, sizeof header.name, "%s", name);
  fwrite(&header, sizeof header, 1, out);
  fwrite(values, sizeof(float), (size_t)count, out);
}

/// Executes a kernel by one thread, by the shares of three and by two of which the first claims all
/// pieces: the results are to be the same bytes.
static void execute(
    const char *name, double tolerance, dth_kernel kernel, const void *arguments,
    const void *const *inputs, int input_count, int64_t count, dth_element element,
    size_t scratch_bytes) {
  size_t bytes = (size_t)count * (element == DTH_BF16 ? 2 : 4);
  void *operands[DTH_MAX_INPUTS + 1] = {0};
  for (int i = 0; i < input_count; i++) operands[i + 1] = (void *)inputs[i];
  void *scratch = allocate(scratch_bytes);
  dth_claim *claims = allocate(2 * DTH_CLAIM_BYTES);
  memset(claims, 0, 2 * DTH_CLAIM_BYTES);
  void *results[3];
  for (int run = 0; run < 3; run++) {
    results[run] = allocate(bytes);
    operands[0] = results[run];
    int32_t threads = run == 0 ? 1 : run == 1 ? 3 : 2;
    for (int32_t thread = 0; thread < threads; thread++) {
      memset(scratch, 0xFF, scratch_bytes);
      kernel(arguments, operands, thread, threads, scratch, run == 2 ? claims : NULL);
    }
  }
  for (int run = 1; run < 3; run++) {
    if (memcmp(results[0], results[run], bytes) != 0) fail("more threads give other bytes", name);
  }
  if (element == DTH_BF16) {
    float *wide = allocate((size_t)count * sizeof(float));
    dth_bf16_to_f32(results[0], wide, count);
    write_record(name, tolerance, wide, count);
  } else {
    write_record(name, tolerance, results[0], count);
  }
}

static const uint16_t *to_bf16(const float *values, int64_t count) {
  uint16_t *halves = allocate((size_t)count * sizeof(uint16_t));
  for (int64_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], 4);
    halves[i] = (uint16_t)(bits >> 16);
  }
  return halves;
}

static void run_linear(int64_t m, int64_t n, int64_t k, dth_activation activation, bool epilogue) {
  const float *a = numbers(m * k, 1), *w = numbers(n * k, 2);
  const float *bias = epilogue ? numbers(n, 3) : NULL, *gate = epilogue ? numbers(n, 4) : NULL;
  const float *residual = epilogue ? numbers(m * n, 5) : NULL;
  dth_linear_args args = {
      .m = m, .n = n, .k = k, .row_stride = k, .result_stride = n, .activation = activation,
      .gate_rows = 1, .gate_stride = n, .residual_rows = m, .residual_stride = n};
  int64_t panels = (n + DTH_PANEL - 1) / DTH_PANEL;
  float *packed = allocate(dth_packed_weight_count(n, k) * sizeof(float));
  dth_pack_weight(w, n, k, k, false, 0, panels, packed);
  char name[64];
  snprintf(name, sizeof name, "linear %ld %ld %ld by %d", (long)m, (long)n, (long)k, activation);
  const void *inputs[] = {a, packed, bias, gate, residual};
  execute(
      name, 2e-6, row->linear, &args, inputs, 5, m * n, DTH_F32, dth_linear_scratch_bytes(&args));

  uint16_t *packed_bf16 = allocate(dth_packed_weight_bf16_count(n, k) * sizeof(uint16_t));
  dth_pack_weight_bf16(w, n, k, k, false, 0, panels, packed_bf16);
  for (int a_element = 0; a_element < 2; a_element++) {
    for (int element = 0; element < 2; element++) {
      args.a_element = (dth_element)a_element;
      args.result_element = (dth_element)element;
      const void *narrow[] = {
          a_element == DTH_BF16 ? (const void *)to_bf16(a, m * k) : a, packed_bf16, bias, gate,
          residual};
      snprintf(
          name, sizeof name, "linear_bf16 %ld %ld %ld by %d, %d to %d", (long)m, (long)n, (long)k,
          activation, a_element, element);
      // A sum between two bf16 numbers may be rounded to either.
      execute(
          name, element == DTH_BF16 ? 8e-3 : 2e-6, row->linear_bf16, &args, narrow, 5, m * n,
          (dth_element)element, dth_linear_bf16_scratch_bytes(&args));
    }
  }
}

static void run_matmul(int64_t m, int64_t n, int64_t k, bool transposed) {
  dth_matmul_args args = {
      .m = m, .n = n, .k = k, .batch = {1, 1, 2, 3}, .a_batch_strides = {0, 0, m * k, 0},
      .b_batch_strides = {0, 0, 0, n * k}, .result_batch_strides = {0, 0, 3 * m * n, m * n},
      .a_row_stride = 1, .a_column_stride = m, .b_row_stride = transposed ? 1 : n,
      .b_column_stride = transposed ? k : 1, .result_stride = n};
  const void *inputs[] = {numbers(2 * m * k, 1), numbers(3 * n * k, 2)};
  execute(
      "matmul", 2e-6, row->matmul, &args, inputs, 2, 6 * m * n, DTH_F32,
      dth_matmul_scratch_bytes(&args));
  for (int a_element = 0; a_element < 2; a_element++) {
    args.a_element = (dth_element)a_element;
    args.b_element = DTH_BF16;
    const void *narrow[] = {
        a_element == DTH_BF16 ? (const void *)to_bf16(inputs[0], 2 * m * k) : inputs[0],
        to_bf16(inputs[1], 3 * n * k)};
    execute(
        "matmul_bf16", 2e-6, row->matmul_bf16, &args, narrow, 2, 6 * m * n, DTH_F32,
        dth_matmul_bf16_scratch_bytes(&args));
  }
}

static void run_attention(int64_t queries, int64_t keys, int64_t width, int64_t value_width) {
  const int64_t heads = 3, batch = 2;
  const float *q = numbers(batch * queries * heads * width, 1);
  const float *k = numbers(batch * keys * heads * width, 2);
  const float *v = numbers(batch * keys * heads * value_width, 3);
  dth_attention_args args = {
      .batch = batch, .heads = heads, .queries = queries, .keys = keys, .width = width,
      .value_width = value_width, .scale = 0.7f, .q_row_stride = heads * width,
      .q_batch_stride = queries * heads * width, .k_row_stride = heads * width,
      .k_batch_stride = keys * heads * width, .v_row_stride = heads * value_width,
      .v_batch_stride = keys * heads * value_width, .result_row_stride = heads * value_width,
      .result_batch_stride = queries * heads * value_width};
  int64_t count = batch * queries * heads * value_width;
  const void *inputs[] = {q, k, v};
  execute(
      "attention", 4e-6, row->attention, &args, inputs, 3, count, DTH_F32,
      dth_attention_scratch_bytes(&args));
  // The weights of the values are rounded to bf16, some to either neighbour.
  execute(
      "attention_bf16 of f32", 4e-3, row->attention_bf16, &args, inputs, 3, count, DTH_F32,
      dth_attention_bf16_scratch_bytes(&args));
  args.operand_element = args.result_element = DTH_BF16;
  const void *narrow[] = {
      to_bf16(q, batch * queries * heads * width), to_bf16(k, batch * keys * heads * width),
      to_bf16(v, batch * keys * heads * value_width)};
  execute(
      "attention_bf16", 8e-3, row->attention_bf16, &args, narrow, 3, count, DTH_BF16,
      dth_attention_bf16_scratch_bytes(&args));
}

static void run_convolution(
    int64_t channels, int64_t extent, int64_t outs, int64_t kernel, int64_t stride) {
  int64_t padding = kernel / 2, k = channels * kernel * kernel;
  int64_t out_extent = (extent + 2 * padding - kernel) / stride + 1;
  dth_convolution_args args = {
      .batch = 2, .channels = channels, .height = extent, .width = extent, .out_channels = outs,
      .out_height = out_extent, .out_width = out_extent, .kernel_height = kernel,
      .kernel_width = kernel, .stride_y = stride, .stride_x = stride, .padding_top = padding,
      .padding_left = padding, .activation = DTH_ACTIVATION_SILU};
  int64_t count = 2 * outs * out_extent * out_extent;
  float *packed = allocate(dth_packed_weight_count(outs, k) * sizeof(float));
  dth_pack_weight(
      numbers(outs * k, 2), outs, k, k, false, 0, (outs + DTH_PANEL - 1) / DTH_PANEL, packed);
  const void *inputs[] = {
      numbers(2 * channels * extent * extent, 1), packed, numbers(outs, 3), numbers(count, 4)};
  execute(
      "convolution", 2e-6, row->convolution, &args, inputs, 4, count, DTH_F32,
      dth_convolution_scratch_bytes(&args));
}

static void run_norms(int64_t rows, int64_t width) {
  const float *x = numbers(rows * width, 1), *scale = numbers(width, 2), *shift = numbers(width, 3);
  for (int element = 0; element < 2; element++) {
    double tolerance = element == DTH_BF16 ? 8e-3 : 2e-6;
    dth_norm_affine_args norm = {
        .rows = rows, .width = width, .row_stride = width, .result_stride = width,
        .epsilon = 1e-6f, .scale_rows = 1, .scale_stride = width, .shift_rows = 1,
        .shift_stride = width, .result_element = (dth_element)element};
    const void *inputs[] = {x, scale, shift};
    execute(
        "norm_affine", tolerance, row->norm_affine, &norm, inputs, 3, rows * width,
        (dth_element)element, dth_norm_affine_scratch_bytes(&norm));
    dth_rms_norm_args rms = {
        .rows = rows, .width = width, .row_stride = width, .result_stride = width,
        .epsilon = 1e-6f, .scale_rows = 1, .scale_stride = width,
        .result_element = (dth_element)element};
    execute(
        "rms_norm", tolerance, row->rms_norm, &rms, inputs, 2, rows * width, (dth_element)element,
        dth_rms_norm_scratch_bytes(&rms));
  }
  dth_softmax_args softmax = {rows, width, width, width};
  const void *inputs[] = {x};
  execute(
      "softmax", 2e-6, row->softmax, &softmax, inputs, 1, rows * width, DTH_F32,
      dth_softmax_scratch_bytes(&softmax));
}

static void run_images(int64_t channels, int64_t height, int64_t width) {
  int64_t count = 2 * channels * height * width;
  const void *inputs[] = {numbers(count, 1), numbers(channels, 2), numbers(channels, 3)};
  dth_group_norm_args norm = {
      2, channels, height * width, channels / 2, 1e-6f, DTH_ACTIVATION_SILU};
  execute(
      "group_norm", 2e-6, row->group_norm, &norm, inputs, 3, count, DTH_F32,
      dth_group_norm_scratch_bytes(&norm));
  dth_upsample_args upsample = {2 * channels, height, width, 2, 3};
  execute(
      "upsample", 0, row->upsample, &upsample, inputs, 1, 6 * count, DTH_F32,
      dth_upsample_scratch_bytes(&upsample));
}

static void run_elementwise(int64_t height, int64_t width) {
  int64_t count = height * width;
  float *x = numbers(count, 1);
  for (int64_t i = 0; i < count; i++) x[i] *= 20;
  const void *inputs[] = {x, numbers(count, 2), numbers(width, 3)};
  dth_elementwise_args args = {
      .rank = 2, .input_count = 3, .step_count = 1, .dims = {height, width},
      .result_strides = {width, 1}, .input_strides = {{width, 1}, {1, height}, {0, 1}}};
  for (int32_t op = 0; op <= DTH_MINIMUM; op++) {
    char name[64];
    snprintf(name, sizeof name, "elementwise %d", op);
    args.steps[0] = (dth_step){op, 0, 1};
    execute(
        name, 2e-6, row->elementwise, &args, inputs, 3, count, DTH_F32,
        dth_elementwise_scratch_bytes(&args));
  }
  args.step_count = 3;
  args.steps[0] = (dth_step){DTH_MULTIPLY, 0, 2};
  args.steps[1] = (dth_step){DTH_ADD, -1, 1};
  args.steps[2] = (dth_step){DTH_GELU_TANH, -2, 0};
  execute(
      "elementwise chain", 2e-6, row->elementwise, &args, inputs, 3, count, DTH_F32,
      dth_elementwise_scratch_bytes(&args));
}

static void run_reductions(int64_t height, int64_t width) {
  const float *x = numbers(height * width, 1);
  const void *inputs[] = {x, NULL}, *factors[] = {x, numbers(height * width, 2)};
  for (int reduction = DTH_SUM; reduction <= DTH_MAX; reduction++) {
    for (int axis = 0; axis < 2; axis++) {
      int64_t kept = axis == 0 ? width : height, reduced = axis == 0 ? height : width;
      int64_t kept_stride = axis == 0 ? 1 : width, reduced_stride = axis == 0 ? width : 1;
      dth_reduce_args args = {
          (dth_reduction)reduction, 1, 1, {kept}, {kept_stride}, {reduced}, {reduced_stride}};
      execute(
          "reduce", 1e-6, row->reduce, &args, inputs, 2, kept, DTH_F32,
          dth_reduce_scratch_bytes(&args));
      if (reduction == DTH_SUM) {
        execute(
            "reduce product", 1e-6, row->reduce, &args, factors, 2, kept, DTH_F32,
            dth_reduce_scratch_bytes(&args));
      }
    }
  }
  int32_t ids[] = {3, 0, 99, -1, 1};
  dth_gather_args args = {5, height, width, width, width};
  const void *table[] = {inputs[0], ids};
  execute(
      "gather", 0, row->gather, &args, table, 2, 5 * width, DTH_F32,
      dth_gather_scratch_bytes(&args));
}

static void run_gradients(int64_t height, int64_t width) {
  int64_t count = height * width;
  const float *x = numbers(count, 1), *dy = numbers(count, 2);
  const void *softmax[] = {x, dy};
  dth_softmax_gradient_args of_softmax = {height, width, DTH_F32};
  execute(
      "softmax_gradient", 2e-6, row->softmax_gradient, &of_softmax, softmax, 2, count, DTH_F32,
      dth_softmax_gradient_scratch_bytes(&of_softmax));
  const void *norm[] = {x, dy, numbers(width, 3), numbers(count, 4)};
  dth_norm_gradient_args of_norm = {height, width, 1e-3f, 1};
  execute(
      "norm_gradient", 1e-5, row->norm_gradient, &of_norm, norm, 4, count, DTH_F32,
      dth_norm_gradient_scratch_bytes(&of_norm));
  int64_t heads = 2, value_width = 5;
  const void *attention[] = {
      numbers(height * heads * width, 5), numbers(height * heads * width, 6),
      numbers(height * heads * value_width, 7), numbers(height * heads * value_width, 8)};
  dth_attention_gradient_args of_attention = {
      1, heads, height, height, width, value_width, 0.3f};
  execute(
      "attention_gradient", 1e-5, row->attention_gradient, &of_attention, attention, 4,
      height * heads * (2 * width + value_width), DTH_F32,
      dth_attention_gradient_scratch_bytes(&of_attention));
}

/// What no row has: conversions and random numbers, which are the same everywhere.
static void run_common(void) {
  enum { count = 1000 };
  float values[count];
  uint16_t halves[count];
  for (int i = 0; i < count; i++) halves[i] = (uint16_t)(i * 65);
  dth_f16_to_f32(halves, values, count);
  write_record("f16_to_f32", 0, values, count);
  dth_bf16_to_f32(halves, values, count);
  write_record("bf16_to_f32", 0, values, count);
  dth_philox_normal(7, 3, 5, values, count);
  write_record("philox_normal", 0, values, count);
}

static void run_all(void) {
  run_linear(1, 1, 1, DTH_ACTIVATION_NONE, false);
  run_linear(13, 33, 4099, DTH_ACTIVATION_NONE, true);
  for (int activation = DTH_ACTIVATION_NONE; activation <= DTH_ACTIVATION_GELU_QUICK; activation++) {
    run_linear(29, 70, 131, (dth_activation)activation, true);
  }
  run_matmul(17, 45, 70, true);
  run_matmul(19, 421, 350, false);
  run_attention(5, 3, 4, 7);
  run_attention(70, 150, 20, 24);
  run_convolution(3, 9, 5, 1, 2);
  run_convolution(150, 11, 34, 3, 1);
  run_convolution(5, 21, 40, 4, 3);
  run_convolution(21, 10, 37, 3, 1);
  run_norms(5, 7);
  run_norms(3, 384);
  run_images(4, 5, 13);
  run_images(4, 60, 60);
  run_elementwise(9, 131);
  run_reductions(40, 300);
  run_gradients(37, 45);
  run_common();
}

/// Whether two files hold the same calls with results within tolerance; says where not.
static bool compare(const char *first, const char *second) {
  FILE *files[2] = {fopen(first, "rb"), fopen(second, "rb")};
  if (files[0] == NULL || files[1] == NULL) fail("cannot be read", first);
  bool equal = true;
  int count = 0;
  for (;; count++) {
    record headers[2];
    size_t read = fread(&headers[0], sizeof(record), 1, files[0]);
    if (read != fread(&headers[1], sizeof(record), 1, files[1])) fail("ends early", second);
    if (read == 0) break;
    if (memcmp(&headers[0], &headers[1], sizeof(record)) != 0) fail("another call", second);
    double difference = 0, magnitude = 0;
    for (int64_t i = 0; i < headers[0].count; i++) {
      float a, b;
      if (fread(&a, 4, 1, files[0]) != 1 || fread(&b, 4, 1, files[1]) != 1) {
        fail("ends early", second);
      }
      if (isnan(a) && isnan(b)) continue;
      if (!isfinite(a) || !isfinite(b)) {
        difference = a == b ? difference : INFINITY;
        continue;
      }
      difference = fmax(difference, fabs((double)a - (double)b));
      magnitude = fmax(magnitude, fabs((double)b));
    }
    double error = difference == 0 ? 0 : difference / magnitude;
    if (!(error <= headers[0].tolerance)) {
      fprintf(stderr, "%s: error %g, over %g\n", headers[0].name, error, headers[0].tolerance);
      equal = false;
    }
  }
  printf("%d calls compared\n", count);
  return equal && count > 0;
}

int main(int argument_count, char **arguments) {
  if (argument_count == 4 && strcmp(arguments[1], "--compare") == 0) {
    return compare(arguments[2], arguments[3]) ? 0 : 1;
  }
  if (argument_count != 3) fail("ROW FILE, or --compare FILE FILE", arguments[0]);
  int32_t count;
  const dth_kernel_row *rows = dth_kernel_rows(&count);
  for (int32_t i = 0; i < count; i++) {
    if (strcmp(rows[i].name, arguments[1]) == 0) row = &rows[i];
  }
  if (row == NULL) fail("no such row", arguments[1]);
  out = fopen(arguments[2], "wb");
  if (out == NULL) fail("cannot be written", arguments[2]);
  run_all();
  return fclose(out) == 0 ? 0 : 1;
}
