// The kernels over images [batch, channels, height, width]; a part of CKernels.h.
#ifndef DTH_CKERNELS_IMAGES_H
#define DTH_CKERNELS_IMAGES_H

#include "CKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/// residual + activation(x * W + bias), `*` being the two-dimensional cross-correlation that
/// frameworks call convolution: element (b, o, y, x) of the product is the sum over channels c and
/// taps i, j of `x[b, c, y * stride_y + i - padding_top, x * stride_x + j - padding_left]` times
/// `w[o, c, i, j]`. What lies outside of x is 0.
///
/// Operands: result [batch, out_channels, out_height, out_width]; x [batch, channels, height,
/// width]; the weight [out_channels, channels, kernel_height, kernel_width], packed by
/// `dth_pack_weight` with n = out_channels and k the product of the others; bias [out_channels];
/// residual, of the result's shape. All are contiguous. The last two are absent where their
/// pointers are NULL; the array always has five entries. The result may be the residual; it
/// overlaps nothing else.
typedef struct dth_convolution_args {
  int64_t batch;
  int64_t channels, height, width;
  /// The extents of the result; those of the padding below and to the right follow from them.
  int64_t out_channels, out_height, out_width;
  int64_t kernel_height, kernel_width;
  int64_t stride_y, stride_x;
  int64_t padding_top, padding_left;
  dth_activation activation;
} dth_convolution_args;

/// Bounded, whatever the extents of the image.
size_t dth_convolution_scratch_bytes(const dth_convolution_args *arguments);

/// activation((x - mean x) / sqrt(variance x + epsilon) * scale + shift), mean and variance being
/// those of a batch entry's group of channels.
///
/// Operands: result [batch, channels, pixels]; x, of the same shape; scale [channels]; shift
/// [channels]. All are contiguous. The last two are absent where their pointers are NULL; the array
/// always has four entries. `groups` divides `channels`, and neighbouring channels make a group.
/// The result may be x. A group is the work of one thread.
typedef struct dth_group_norm_args {
  int64_t batch, channels, pixels;
  int64_t groups;
  float epsilon;
  dth_activation activation;
} dth_group_norm_args;

/// Always 0.
size_t dth_group_norm_scratch_bytes(const dth_group_norm_args *arguments);

/// result[p, y, x] = x[p, y / factor_y, x / factor_x], rounded down.
///
/// Operands: result [planes, height * factor_y, width * factor_x]; x [planes, height, width]. Both
/// are contiguous and do not overlap.
typedef struct dth_upsample_args {
  int64_t planes, height, width;
  int64_t factor_y, factor_x;
} dth_upsample_args;

/// Always 0.
size_t dth_upsample_scratch_bytes(const dth_upsample_args *arguments);

#ifdef __cplusplus
}
#endif

#endif
