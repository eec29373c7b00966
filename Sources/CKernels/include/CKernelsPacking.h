// Packing of the weights of products; a part of CKernels.h.
#ifndef DTH_CKERNELS_PACKING_H
#define DTH_CKERNELS_PACKING_H

#include "CKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The number of floats of a packed weight: n rounded up to whole panels, times k.
size_t dth_packed_weight_count(int64_t n, int64_t k);

/// Packs a weight into panels `[n / 32][k][32]`, padded with zeros.
///
/// `w` is [n, k] with rows `leading_dimension` apart or, where `transposed`, [k, n]. `packed`
/// should be aligned to 64 bytes. Only panels `first_panel ..< first_panel + panel_count` are
/// written, so that a weight may be packed by parts.
void dth_pack_weight(
    const float *w, int64_t n, int64_t k, int64_t leading_dimension, bool transposed,
    int64_t first_panel, int64_t panel_count, float *packed);

/// Packs the two weights of a gated unit, `w` and `v`, whose panels alternate: first one of `w`.
///
/// Panels `first_panel ..< first_panel + panel_count` of each are written. `packed` has room for
/// two packed weights. Otherwise as `dth_pack_weight`.
void dth_pack_gated_weight(
    const float *w, const float *v, int64_t n, int64_t k, int64_t leading_dimension,
    bool transposed, int64_t first_panel, int64_t panel_count, float *packed);

/// The number of bfloat16 elements of a packed weight: n rounded up to whole panels, times k
/// rounded up to a multiple of 32.
size_t dth_packed_weight_bf16_count(int64_t n, int64_t k);

/// Rounds a weight and packs it into panels `[n / 32][k / 2][32][2]`, padded with zeros: neighbours
/// along k are neighbours in memory. Otherwise as `dth_pack_weight`.
void dth_pack_weight_bf16(
    const float *w, int64_t n, int64_t k, int64_t leading_dimension, bool transposed,
    int64_t first_panel, int64_t panel_count, uint16_t *packed);

/// The packed weight of `dth_pack_weight`, or of `dth_pack_weight_bf16`, from one that is computed;
/// what pads columns is unspecified.
///
/// Operands: the packed weight; the weight [n, k] or, where `transposed`, [k, n], row-major. Two
/// kernels, `pack` of 32-bit floats and `pack_bf16`.
typedef struct dth_pack_args {
  int64_t n, k;
  bool transposed;
  /// The elements of the weight, for `pack_bf16`; `pack` reads 32-bit floats.
  dth_element element;
} dth_pack_args;

/// Always 0.
size_t dth_pack_scratch_bytes(const dth_pack_args *arguments);

#ifdef __cplusplus
}
#endif

#endif
