// All kernels of a row; included once by each row's source file, under its target.
#include "vector.h"

#include "functions.h"

#include "bf16.h"
#include "functions_bf16.h"

#include "epilogue_bf16.h"
#include "words_bf16.h"

#include "panels_bf16.h"

#include "pack.h"
#include "microkernel.h"
#include "epilogue.h"
#include "heads_bf16.h"

#include "product.h"
#include "product_bf16.h"

#include "matmul_bf16.h"

#include "matmul_words.h"

#include "attention.h"
#include "attention_bf16.h"
#include "by_row.h"

#include "attention_gradient.h"
#include "convolution_sizes.h"
#include "winograd.h"

#include "convolution.h"
#include "elementwise.h"
#include "group_norm.h"
#include "norm.h"
#include "norm_gradient.h"
#include "reduce.h"
#include "rms_norm.h"
#include "upsample.h"

#include "peak.h"

#define DTH_STRING_OF(x) #x
#define DTH_STRING(x) DTH_STRING_OF(x)
#define DTH_JOIN_OF(a, b) a##b
#define DTH_JOIN(a, b) DTH_JOIN_OF(a, b)

const dth_kernel_row DTH_JOIN(dth_row_, DTH_ROW) = {
    .name = DTH_STRING(DTH_ROW),
    .linear = linear,
    .linear_bf16 = linear_bf16,
    .pack = pack,
    .pack_bf16 = pack_bf16,
    .matmul = matmul,
    .matmul_bf16 = matmul_bf16,
    .attention = attention,
    .attention_bf16 = attention_bf16,
    .attention_gradient = attention_gradient,
    .elementwise = elementwise,
    .norm_affine = norm_affine,
    .softmax = softmax,
    .softmax_gradient = softmax_gradient,
    .norm_gradient = norm_gradient,
    .reduce = reduce,
    .gather = gather,
    .rms_norm = rms_norm,
    .convolution = convolution,
    .group_norm = group_norm,
    .upsample = upsample,
    .peak = peak,
    .peak_bf16 = peak,
};
