// The C kernels of DiTharos behind plain pointers and sizes.
//
// Every kernel has the type `dth_kernel`. Elements are 32-bit floats unless said otherwise, ids
// are int32_t; strides, extents and offsets count elements.
//
// A kernel whose name ends in `_bf16` multiplies bfloat16 numbers: 32-bit floats are rounded to
// them where it reads them. Sums, and whatever is not multiplied by a matrix, are 32-bit floats.
// All its rows compute the same function and differ in the order of sums, and in that some take
// subnormal numbers for zero.
// Kernels allocate nothing, and a result
// does not depend on the number of threads by a single bit: partitions never split a reduction.
#ifndef DTH_CKERNELS_H
#define DTH_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// How much of a thread's share has been claimed, in a call of a kernel.
typedef struct dth_claim dth_claim;

/// The bytes of a claim: a cache line, so that threads do not disturb each other.
#define DTH_CLAIM_BYTES 64

/// One kernel: executes the share of thread `thread` of `thread_count`.
///
/// - arguments: the kernel's own argument struct, below; never changed.
/// - operands: `operands[0]` is the result, the others are inputs in the order that the struct's
///   comment gives.
/// - scratch: this thread's own memory, aligned to 64 bytes, of at least the kernel's
///   `dth_..._scratch_bytes`; may be NULL where that is 0.
/// - claims: `thread_count` claims that are zero before the call and belong to it alone, aligned to
///   64 bytes, or NULL. With them a thread whose share is done takes pieces of the others' shares,
///   so that a processor that is slower for a while does not hold up the rest.
///
/// All threads of `thread_count` must execute it, in any order, before the result is complete.
typedef void (*dth_kernel)(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims);

/// The type of an operand's elements, where a kernel leaves a choice.
typedef enum dth_element {
  DTH_F32 = 0,
  /// bfloat16: the upper half of a 32-bit float, rounded to nearest, ties to even; NaN stays NaN.
  DTH_BF16 = 1,
} dth_element;

// ---------------------------------------------------------------------------- linear

/// The columns of a panel of packed weights.
#define DTH_PANEL 32

/// What is applied to a product before it is stored.
typedef enum dth_activation {
  DTH_ACTIVATION_NONE = 0,
  DTH_ACTIVATION_RELU,
  DTH_ACTIVATION_GELU,
  DTH_ACTIVATION_GELU_TANH,
  DTH_ACTIVATION_SILU,
  DTH_ACTIVATION_SIGMOID,
  DTH_ACTIVATION_TANH,
  /// x / (1 + e^(-1.702 x)).
  DTH_ACTIVATION_GELU_QUICK,
} dth_activation;

/// C[m, n] = residual + gate * activation(A[m, k] · Wᵀ + bias).
///
/// A gated unit has two weights, W and V, and makes
/// C[m, n] = residual + gate * (activation(A · Wᵀ + bias[0]) * (A · Vᵀ + bias[1])).
///
/// Operands: C; A; the packed weight of `dth_pack_weight`, or of `dth_pack_gated_weight`; bias [n],
/// or [2, n]; gate [gate_rows, n]; residual [residual_rows, n]. Each of the last three is absent
/// where its pointer is NULL; the array always has six entries. Gate and residual may serve as a
/// scale and a shift. C may be the residual where `residual_rows == m`, `residual_repeats` is 1 and
/// the strides are equal; it overlaps nothing else.
typedef struct dth_linear_args {
  int64_t m, n, k;
  /// Distance between rows of A; its columns are contiguous. Not used with offsets.
  int64_t row_stride;
  /// Where not NULL, element (m, k) of A is at `row_offsets[m] + column_offsets[k]`.
  const int32_t *row_offsets;
  const int32_t *column_offsets;
  /// Distance between rows of C.
  int64_t result_stride;
  dth_activation activation;
  /// Row r of C uses row r / (m / gate_rows) of the gate; `gate_rows` divides m.
  int64_t gate_rows, gate_stride;
  /// Row r of C uses row (r / residual_repeats) % residual_rows of the residual; 0 repeats are 1.
  int64_t residual_rows, residual_stride, residual_repeats;
  /// Whether there are two weights; only of `linear`.
  bool gated_unit;
  /// The elements of A and of C, for `linear_bf16`; `linear` reads and writes 32-bit floats. C is
  /// the residual only as 32-bit floats.
  dth_element a_element, result_element;
} dth_linear_args;

/// The bytes that thread needs of scratch, an upper bound for every thread and row.
size_t dth_linear_scratch_bytes(const dth_linear_args *arguments);

/// The same for `linear_bf16`, whose weight is packed by `dth_pack_weight_bf16`.
size_t dth_linear_bf16_scratch_bytes(const dth_linear_args *arguments);

// Packing of weights.
#include "CKernelsPacking.h"

// ---------------------------------------------------------------------------- matmul

#define DTH_BATCH_AXES 4

/// C[b, m, n] = A[b, m, k] · B[b, k, n] over up to four batch axes.
///
/// Operands: C; A; B. The result overlaps no operand. A batch stride is 0 where an operand
/// broadcasts; axes that are not used have extent 1. C's columns are contiguous.
typedef struct dth_matmul_args {
  int64_t m, n, k;
  int64_t batch[DTH_BATCH_AXES];
  int64_t a_batch_strides[DTH_BATCH_AXES];
  int64_t b_batch_strides[DTH_BATCH_AXES];
  int64_t result_batch_strides[DTH_BATCH_AXES];
  /// Element (m, k) of A is at `m * a_row_stride + k * a_column_stride`; so transposition is an
  /// exchange of strides.
  int64_t a_row_stride, a_column_stride;
  /// Element (k, n) of B is at `k * b_row_stride + n * b_column_stride`.
  int64_t b_row_stride, b_column_stride;
  int64_t result_stride;
  /// The elements of A and of B, for `matmul_bf16`; `matmul` reads 32-bit floats. C is of those.
  dth_element a_element, b_element;
} dth_matmul_args;

size_t dth_matmul_scratch_bytes(const dth_matmul_args *arguments);

/// The same for `matmul_bf16`.
size_t dth_matmul_bf16_scratch_bytes(const dth_matmul_args *arguments);

// ---------------------------------------------------------------------------- attention

/// softmax(q kᵀ · scale + bias) v over the keys that the mask keeps, per batch entry and head.
///
/// Operands: result; q; k; v; bias; mask. The last two are absent where their pointers are NULL;
/// the array always has six entries. Element (b, t, h, d) of the first four is at `b * batch_stride
/// + t * row_stride + h * width + d`, width being `width` for q and k and `value_width` for v and
/// the result; so the three may be parts of one [batch, tokens, 3 * heads * width] buffer. A key
/// that the mask leaves out, having 0 at `b * mask_batch_stride + t`, has no influence whatever it
/// holds. The result is 0 where no key is kept, or where all scores are
/// -FLT_MAX or below. It overlaps no operand. Online softmax over fixed tiles of keys.
typedef struct dth_attention_args {
  int64_t batch, heads;
  int64_t queries, keys;
  int64_t width, value_width;
  float scale;
  int64_t q_row_stride, q_batch_stride;
  int64_t k_row_stride, k_batch_stride;
  int64_t v_row_stride, v_batch_stride;
  int64_t result_row_stride, result_batch_stride;
  /// The bias of query t and key s is at `b * bias_batch_stride + h * bias_head_stride + t *
  /// bias_query_stride + s * bias_key_stride`.
  int64_t bias_batch_stride, bias_head_stride, bias_query_stride, bias_key_stride;
  int64_t mask_batch_stride;
  /// The elements of q, k and v alike and of the result, for `attention_bf16`, which also rounds
  /// the weights of the values; `attention` reads and writes 32-bit floats.
  dth_element operand_element, result_element;
} dth_attention_args;

size_t dth_attention_scratch_bytes(const dth_attention_args *arguments);

/// The same for `attention_bf16`.
size_t dth_attention_bf16_scratch_bytes(const dth_attention_args *arguments);

/// The gradients of softmax(q kᵀ · scale) v by q, k and v, per batch entry and head.
///
/// Operands: result; q; k; v; dy. The latter four are [batch, tokens, heads, width] and contiguous,
/// dy with the tokens of q and the width of v; the result has the gradients of q, of k and of v one
/// after the other, each of its operand's shape. It overlaps no operand. Scores are made again, of
/// fixed blocks of queries, and never leave a thread's memory.
typedef struct dth_attention_gradient_args {
  int64_t batch, heads;
  int64_t queries, keys;
  int64_t width, value_width;
  float scale;
} dth_attention_gradient_args;

size_t dth_attention_gradient_scratch_bytes(const dth_attention_gradient_args *arguments);

// Convolution, group norm and upsampling.
#include "CKernelsImages.h"

// ---------------------------------------------------------------------------- element-wise

#define DTH_MAX_RANK 8
#define DTH_MAX_INPUTS 8
#define DTH_MAX_STEPS 16

/// An element-wise operation; `rhs` matters from `DTH_ADD` on.
typedef enum dth_op {
  DTH_COPY = 0,
  DTH_NEGATE,
  DTH_EXP,
  DTH_SQRT,
  DTH_RSQRT,
  DTH_SIN,
  DTH_COS,
  DTH_TANH,
  DTH_SIGMOID,
  DTH_FLOOR,
  /// 1 above 0, else 0.
  DTH_STEP,
  DTH_RELU,
  DTH_GELU,
  DTH_GELU_TANH,
  /// The derivative of DTH_GELU_TANH.
  DTH_GELU_TANH_SLOPE,
  /// x / (1 + e^(-1.702 x)).
  DTH_GELU_QUICK,
  DTH_SILU,
  DTH_ADD,
  DTH_SUBTRACT,
  DTH_MULTIPLY,
  DTH_DIVIDE,
  /// NaN where either operand is.
  DTH_MAXIMUM,
  /// NaN where either operand is.
  DTH_MINIMUM,
} dth_op;

/// One step; an operand is an input where it is 0 or above (0 is `operands[1]`), else the result of
/// step `-(operand + 1)`, an earlier one.
typedef struct dth_step {
  int32_t op;
  int32_t lhs;
  int32_t rhs;
} dth_step;

/// A straight line of element-wise steps over strided operands; the last step is the result.
///
/// Operands: result; inputs. Axes are outermost first; a stride is 0 along an axis over which an
/// operand broadcasts (the result's never, except along an axis of extent 1). Rank 0 is one
/// element. The result may be an input whose strides are the result's; it overlaps nothing else.
/// Neighbouring axes that are contiguous in all operands should be merged, for speed alone.
/// The result may be bf16; it then overlaps nothing.
typedef struct dth_elementwise_args {
  int32_t rank;
  int32_t input_count;
  int32_t step_count;
  int64_t dims[DTH_MAX_RANK];
  int64_t result_strides[DTH_MAX_RANK];
  int64_t input_strides[DTH_MAX_INPUTS][DTH_MAX_RANK];
  dth_step steps[DTH_MAX_STEPS];
  /// The elements of the result; inputs are 32-bit floats.
  dth_element result_element;
} dth_elementwise_args;

/// Always 0.
size_t dth_elementwise_scratch_bytes(const dth_elementwise_args *arguments);

// ---------------------------------------------------------------------------- rows

/// (x - mean x) / sqrt(variance x + epsilon) * scale + shift over rows.
///
/// Operands: result; x; scale [scale_rows, width]; shift [shift_rows, width]. The last two are
/// absent where their pointers are NULL; the array always has four entries. Row r uses row
/// r / (rows / scale_rows) of the scale, and so for the shift; the counts divide `rows`. The result
/// may be x where the strides are equal and its elements are 32-bit floats.
typedef struct dth_norm_affine_args {
  int64_t rows, width;
  int64_t row_stride, result_stride;
  float epsilon;
  int64_t scale_rows, scale_stride;
  int64_t shift_rows, shift_stride;
  /// The elements of the result; x, scale and shift are 32-bit floats.
  dth_element result_element;
} dth_norm_affine_args;

/// Always 0.
size_t dth_norm_affine_scratch_bytes(const dth_norm_affine_args *arguments);

/// x / sqrt(mean x^2 + epsilon) * scale over rows.
///
/// Operands: result; x; scale [scale_rows, width], absent where its pointer is NULL; the array
/// always has three entries. Row r uses row r / (rows / scale_rows) of the scale; `scale_rows`
/// divides `rows`. The result may be x where the strides are equal and its elements are 32-bit
/// floats.
typedef struct dth_rms_norm_args {
  int64_t rows, width;
  int64_t row_stride, result_stride;
  float epsilon;
  int64_t scale_rows, scale_stride;
  /// The elements of the result; x and scale are 32-bit floats.
  dth_element result_element;
} dth_rms_norm_args;

/// Always 0.
size_t dth_rms_norm_scratch_bytes(const dth_rms_norm_args *arguments);

/// residual + (g - mean g - y mean(g y)) / sqrt(variance x + epsilon) over rows, with g = dy * scale
/// and y the normed x: the gradient of a norm.
///
/// Operands: result; x; dy; scale [scale_rows, width]; residual; the latter two are absent where
/// their pointer is NULL. Row r uses row r / (rows / scale_rows) of the scale; `scale_rows` divides
/// `rows`. Rows are contiguous. The result may be x, dy or the residual.
typedef struct dth_norm_gradient_args {
  int64_t rows, width;
  float epsilon;
  int64_t scale_rows;
} dth_norm_gradient_args;

/// Always 0.
size_t dth_norm_gradient_scratch_bytes(const dth_norm_gradient_args *arguments);

/// exp(x - max x) / sum exp(x - max x) over rows.
///
/// Operands: result; x. The result may be x where the strides are equal.
typedef struct dth_softmax_args {
  int64_t rows, width;
  int64_t row_stride, result_stride;
} dth_softmax_args;

/// Always 0.
size_t dth_softmax_scratch_bytes(const dth_softmax_args *arguments);

/// (dy - sum(dy y)) y over rows: the gradient of a softmax y.
///
/// Operands: result; y; dy. Rows are contiguous. The result may be y or dy where its elements are
/// 32-bit floats.
typedef struct dth_softmax_gradient_args {
  int64_t rows, width;
  /// The elements of the result; y and dy are 32-bit floats.
  dth_element result_element;
} dth_softmax_gradient_args;

/// Always 0.
size_t dth_softmax_gradient_scratch_bytes(const dth_softmax_gradient_args *arguments);

typedef enum dth_reduction { DTH_SUM = 0, DTH_MEAN, DTH_MAX } dth_reduction;

/// A reduction of a strided view to a contiguous result over its kept axes, row-major.
///
/// Operands: result; x; with DTH_SUM and DTH_MEAN a factor of the same view, whose products with x
/// are reduced, or NULL. Axes are outermost first. Sums are made in double precision. The maximum is
/// NaN where an element is. The result overlaps no operand.
typedef struct dth_reduce_args {
  dth_reduction reduction;
  int32_t kept_rank, reduced_rank;
  int64_t kept_dims[DTH_MAX_RANK], kept_strides[DTH_MAX_RANK];
  int64_t reduced_dims[DTH_MAX_RANK], reduced_strides[DTH_MAX_RANK];
} dth_reduce_args;

/// Always 0.
size_t dth_reduce_scratch_bytes(const dth_reduce_args *arguments);

/// result[i, :] = table[ids[i], :].
///
/// Operands: result [count, width]; table [rows, width]; ids [count], int32_t. An id outside the
/// table is clamped into it; the caller checks ids before.
typedef struct dth_gather_args {
  int64_t count, rows, width;
  int64_t table_stride, result_stride;
} dth_gather_args;

/// Always 0.
size_t dth_gather_scratch_bytes(const dth_gather_args *arguments);

// ---------------------------------------------------------------------------- dispatch

/// Executes `rounds` rounds of multiply-adds on registers alone, without memory, and returns the
/// floating-point operations that they are, two for each multiply-add.
///
/// Timed on all threads at once it measures what no kernel of the row can exceed.
typedef int64_t (*dth_peak)(int64_t rounds);

/// The kernels for one instruction set.
///
/// Rows may differ in the rounding of their results, since some have a fused multiply-add.
///
/// A row is named after the instructions that set it apart; its functions are in the source file of
/// that name. A row that is set apart by bfloat16 instructions alone has the other kernels of
/// `avx512`.
typedef struct dth_kernel_row {
  const char *name;
  dth_kernel linear;
  dth_kernel linear_bf16;
  dth_kernel pack;
  dth_kernel pack_bf16;
  dth_kernel matmul;
  dth_kernel matmul_bf16;
  dth_kernel attention;
  dth_kernel attention_bf16;
  dth_kernel attention_gradient;
  dth_kernel elementwise;
  dth_kernel norm_affine;
  dth_kernel softmax;
  dth_kernel softmax_gradient;
  dth_kernel norm_gradient;
  dth_kernel reduce;
  dth_kernel gather;
  dth_kernel rms_norm;
  dth_kernel convolution;
  dth_kernel group_norm;
  dth_kernel upsample;
  /// The row's fastest multiply-adds of f32, and those with bf16 operands; where the row has none,
  /// the latter are those of f32, to which it widens.
  dth_peak peak, peak_bf16;
} dth_kernel_row;

/// The rows that are compiled in and that this processor supports, the slowest first.
///
/// "portable" always; "avx2", "avx512", "avx512_bf16" and "amx" on x86-64, "neon" on arm64.
const dth_kernel_row *dth_kernel_rows(int32_t *count);

/// The last row of `dth_kernel_rows`.
const dth_kernel_row *dth_best_row(void);

#include "CKernelsNumbers.h"
#include "CKernelsThreads.h"

#ifdef __cplusplus
}
#endif

#endif
