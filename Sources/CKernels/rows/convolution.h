// Convolution as a product of weights and pixels, output channels in the rows of the micro-kernel
// and pixels of the result in the lanes of its vectors: results come out in the order in which
// they are stored.
//
// A thread packs the input of a rectangle of the result once, with its padding, and each column of
// a stride by itself: then the pixels that a tap of the kernel meets are neighbours in memory,
// and nothing is copied per tap.

/// A packed rectangle and the place of each tap in it.
typedef struct {
  const dth_convolution_args *args;
  dth_convolution_block block;
  /// The rectangle of the result.
  int64_t batch, row, rows, column, columns;
  /// The vectors of a row of the rectangle.
  int64_t row_vectors;
  float *packed;
  float *partial;
  int32_t *taps;
} convolution_work;

/// Packs the input of the rectangle: channel c, input row i and column j of the rectangle at
/// `c * plane + (i * phases + j % stride) * pitch + j / stride`.
static void pack_rectangle(
    const convolution_work *work, const float *x, int64_t first_channel, int64_t channels) {
  const dth_convolution_args *args = work->args;
  const dth_convolution_block *block = &work->block;
  int64_t stride = args->stride_x;
  int64_t first_row = work->row * args->stride_y - args->padding_top;
  int64_t first_column = work->column * stride - args->padding_left;
  int64_t in_rows = (work->rows - 1) * args->stride_y + args->kernel_height;
  int64_t plane = args->height * args->width;
  const float *image = x + (work->batch * args->channels + first_channel) * plane;
  for (int64_t c = 0; c < channels; c++) {
    for (int64_t i = 0; i < in_rows; i++) {
      int64_t y = first_row + i;
      float *to = work->packed + c * block->plane + i * block->phases * block->pitch;
      if (y < 0 || y >= args->height) {
        memset(to, 0, (size_t)(block->phases * block->pitch) * sizeof(float));
        continue;
      }
      const float *from = image + c * plane + y * args->width;
      for (int64_t phase = 0; phase < block->phases; phase++, to += block->pitch) {
        // The elements from `begin` to `end` lie within the row of x.
        int64_t origin = first_column + phase;
        int64_t begin = origin >= 0 ? 0 : dth_min(dth_ceil_div(-origin, stride), block->pitch);
        int64_t end = dth_ceil_div(args->width - origin, stride);
        end = dth_min(dth_max(end, begin), block->pitch);
        for (int64_t j = 0; j < begin; j++) to[j] = 0;
        if (stride == 1) {
          memcpy(to + begin, from + origin + begin, (size_t)(end - begin) * sizeof(float));
        } else {
          for (int64_t j = begin; j < end; j++) to[j] = from[origin + j * stride];
        }
        for (int64_t j = end; j < block->pitch; j++) to[j] = 0;
      }
    }
  }
}

/// Adds the taps of some channels to a tile [rows, vectors].
///
/// Each element is one chain of additions in the order of channels and taps, whatever the extents.
INLINE void convolve_tile(
    const int rows, const int vectors, const float *const *pixels, int64_t channels,
    int64_t plane, const int32_t *taps, int64_t tap_count, const float *weights, float *tile,
    bool accumulate) {
  vf sum[DTH_CONVOLUTION_ROWS][DTH_CONVOLUTION_VECTORS];
  const float *from[DTH_CONVOLUTION_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) from[v] = pixels[v];
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      sum[r][v] = accumulate ? load(tile + (r * vectors + v) * DTH_WIDTH) : (vf)0.0f;
    }
  }
  for (int64_t c = 0; c < channels; c++) {
    _Pragma("clang loop unroll(disable)") for (int64_t t = 0; t < tap_count; t++) {
      int64_t tap = taps[t];
      vf x[DTH_CONVOLUTION_VECTORS];
      UNROLL for (int v = 0; v < vectors; v++) x[v] = load(from[v] + tap);
      UNROLL for (int r = 0; r < rows; r++) {
        vf w = weights[r];
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(w, x[v], sum[r][v]);
      }
      weights += DTH_PANEL;
    }
    UNROLL for (int v = 0; v < vectors; v++) from[v] += plane;
  }
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      store(tile + (r * vectors + v) * DTH_WIDTH, sum[r][v]);
    }
  }
}

/// `convolve_tile` for extents that are known when it runs.
static void convolve(
    int64_t rows, int64_t vectors, const float *const *pixels, int64_t channels, int64_t plane,
    const int32_t *taps, int64_t tap_count, const float *weights, float *tile, bool accumulate) {
#define DTH_CASE(r, v)                                                                        \
  case DTH_CONVOLUTION_VECTORS * (r) + (v):                                                   \
    convolve_tile(r, v, pixels, channels, plane, taps, tap_count, weights, tile, accumulate); \
    break;
  switch (DTH_CONVOLUTION_VECTORS * rows + vectors) {
    DTH_CONVOLUTION_CASES(DTH_CASE)
    default: break;
  }
#undef DTH_CASE
}

/// Stores `rows` channels of a tile whose vectors are those from `vector` on of the rectangle.
static void store_pixels(
    const convolution_work *work, void *const *operands, const float *tile, int64_t channel,
    int64_t rows, int64_t vector, int64_t vectors) {
  const dth_convolution_args *args = work->args;
  const float *bias = operands[3], *residual = operands[4];
  int64_t plane = args->out_height * args->out_width;
  for (int64_t v = 0; v < vectors; v++) {
    int64_t column = (vector + v) % work->row_vectors * DTH_WIDTH;
    int64_t row = work->row + (vector + v) / work->row_vectors;
    int64_t count = dth_min(DTH_WIDTH, work->columns - column);
    int64_t offset = (work->batch * args->out_channels + channel) * plane +
                     row * args->out_width + work->column + column;
    for (int64_t r = 0; r < rows; r++, offset += plane) {
      vf y = load(tile + (r * vectors + v) * DTH_WIDTH);
      if (bias != NULL) y += bias[channel + r];
      y = activate(y, args->activation);
      float *out = (float *)operands[0] + offset;
      if (count == DTH_WIDTH) {
        store(out, residual == NULL ? y : load(residual + offset) + y);
      } else {
        store_part(out, residual == NULL ? y : load_part(residual + offset, count) + y, count);
      }
    }
  }
}

/// The weights of a panel from a channel on.
INLINE const float *weights_at(
    const dth_convolution_args *args, const float *packed, int64_t panel, int64_t channel) {
  int64_t taps = args->kernel_height * args->kernel_width;
  return packed + (panel * args->channels + channel) * taps * DTH_PANEL;
}

/// Adds `channels` channels, packed from `first_channel` on, to panels `panel_begin ..< panel_end`.
static void convolve_channels(
    const convolution_work *work, void *const *operands, int64_t first_channel, int64_t channels,
    int64_t panel_begin, int64_t panel_end) {
  const dth_convolution_args *args = work->args;
  const dth_convolution_block *block = &work->block;
  int64_t tap_count = args->kernel_height * args->kernel_width;
  int64_t row_floats = args->stride_y * block->phases * block->pitch;
  int64_t vectors = work->rows * work->row_vectors;
  int64_t tiles = dth_ceil_div(vectors, DTH_CONVOLUTION_VECTORS);
  for (int64_t panel = panel_begin; panel < panel_end; panel++) {
    int64_t outs = dth_min(DTH_PANEL, args->out_channels - panel * DTH_PANEL);
    int64_t groups = dth_ceil_div(outs, DTH_CONVOLUTION_ROWS);
    float *partial =
        work->partial + (block->chunks == 1 ? 0 : (panel - panel_begin) * block->panel_floats);
    for (int64_t slice = 0; slice < block->slices; slice++) {
      int64_t begin = dth_part(channels, slice, block->slices);
      int64_t end = dth_part(channels, slice + 1, block->slices);
      bool starts = first_channel + begin == 0, ends = first_channel + end == args->channels;
      const float *weights = weights_at(args, operands[2], panel, first_channel + begin);
      // The weights of the slice that follows are fetched by and by.
      const float *next =
          end < channels
              ? weights_at(args, operands[2], panel, first_channel + end)
              : weights_at(args, operands[2], dth_min(panel + 1, panel_end - 1), first_channel);
      int64_t lines = (end - begin) * tap_count * DTH_PANEL / 16;
      for (int64_t t = 0; t < tiles; t++) {
        int64_t line_end = dth_part(lines, t + 1, tiles);
        for (int64_t line = dth_part(lines, t, tiles); line < line_end; line++) {
          __builtin_prefetch(next + line * 16, 0, 2);
        }
        int64_t vector = dth_part(vectors, t, tiles);
        int64_t count = dth_part(vectors, t + 1, tiles) - vector;
        const float *pixels[DTH_CONVOLUTION_VECTORS];
        for (int64_t v = 0; v < count; v++) {
          pixels[v] = work->packed + begin * block->plane +
                      (vector + v) / work->row_vectors * row_floats +
                      (vector + v) % work->row_vectors * DTH_WIDTH;
        }
        for (int64_t group = 0; group < groups; group++) {
          int64_t first = dth_part(outs, group, groups);
          int64_t rows = dth_part(outs, group + 1, groups) - first;
          float *tile = partial + (vector * outs + first * count) * DTH_WIDTH;
          convolve(
              rows, count, pixels, end - begin, block->plane, work->taps, tap_count,
              weights + first, tile, !starts);
          if (ends) {
            store_pixels(work, operands, tile, panel * DTH_PANEL + first, rows, vector, count);
          }
        }
      }
    }
  }
}

static void convolution(
    const void *arguments, void *const *operands, int32_t thread, int32_t thread_count,
    void *scratch, dth_claim *claims) {
  const dth_convolution_args *args = arguments;
  if (dth_convolves_by_tiles(args)) {
    convolution_by_tiles(args, operands, thread, thread_count, scratch, claims);
    return;
  }
  convolution_work work = {.args = args, .block = dth_convolution_block_of(args)};
  const dth_convolution_block *block = &work.block;
  dth_share share = dth_product_share(
      args->batch, args->out_height, dth_ceil_div(args->out_channels, DTH_PANEL), thread,
      thread_count);
  if (share.panel_begin == share.panel_end) return;
  int64_t most_channels = dth_ceil_div(args->channels, block->chunks);
  work.packed = scratch;
  work.partial = work.packed + most_channels * block->plane;
  int64_t panels = block->chunks == 1 ? 1 : dth_ceil_div(args->out_channels, DTH_PANEL);
  work.taps = (int32_t *)(work.partial + panels * block->panel_floats);
  for (int64_t i = 0; i < args->kernel_height; i++) {
    for (int64_t j = 0; j < args->kernel_width; j++) {
      work.taps[i * args->kernel_width + j] = (int32_t)(
          (i * block->phases + j % args->stride_x) * block->pitch + j / args->stride_x);
    }
  }
  int64_t row_count = share.row_end - share.row_begin;
  int64_t row_parts = dth_ceil_div(row_count, block->rows);
  int64_t column_parts = dth_ceil_div(args->out_width, block->columns);
  for (int64_t batch = share.batch_begin; batch < share.batch_end; batch++) {
    for (int64_t part = 0; part < row_parts * column_parts; part++) {
      int64_t row = part / column_parts;
      work.batch = batch;
      work.row = share.row_begin + dth_part(row_count, row, row_parts);
      work.rows = share.row_begin + dth_part(row_count, row + 1, row_parts) - work.row;
      work.column = part % column_parts * block->columns;
      work.columns = dth_min(block->columns, args->out_width - work.column);
      work.row_vectors = dth_ceil_div(work.columns, DTH_WIDTH);
      for (int64_t chunk = 0; chunk < block->chunks; chunk++) {
        int64_t first = dth_part(args->channels, chunk, block->chunks);
        int64_t channels = dth_part(args->channels, chunk + 1, block->chunks) - first;
        pack_rectangle(&work, operands[1], first, channels);
        convolve_channels(
            &work, operands, first, channels, share.panel_begin, share.panel_end);
      }
    }
  }
}
