// Convolution with kernels of 3 x 3 and a stride of 1 by Winograd's minimal filtering F(2 x 2, 3 x
// 3): 16 products for four pixels of the result instead of 36 (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", arXiv 1509.09308, section 4.1).
//
// A tile is two rows and two columns of the result, and the four rows and columns of the input that
// they need. Tiles that are neighbours in a row are in the lanes of vectors. Each of the 16
// positions of transformed tiles is a product of transformed weights and tiles of its own.

#define DTH_POINTS 16

/// A rectangle of tiles, and where its parts are.
typedef struct {
  const dth_convolution_args *args;
  dth_winograd_block block;
  /// The first row and column of the result, and the tiles.
  int64_t batch, row, rows, column, columns;
  /// The vectors of a row of tiles, and of all of them.
  int64_t row_vectors, vectors;
  /// Rows of a channel, even and odd columns apart; tiles [point, channel, tile]; weights
  /// [point, channel, 32]; sums [point, vectors and outputs].
  float *lines, *tiles, *weights, *sums;
} winograd_work;

/// The even and the odd columns of a row of the input from `first` on, `count` of each; zero where
/// there are none.
static void split_columns(
    const float *row, int64_t width, int64_t first, int64_t count, float *even, float *odd) {
  // The pairs from `begin` to `end` lie within the row.
  int64_t begin = first >= 0 ? 0 : dth_min(count, (1 - first) / 2);
  int64_t end = dth_max(begin, dth_min(count, (width - first) / 2));
  for (int64_t j = 0; j < count; j++) {
    if (j == begin) {
      for (; j + DTH_WIDTH <= end; j += DTH_WIDTH) {
        vf low = load(row + first + 2 * j), high = load(row + first + 2 * j + DTH_WIDTH);
        store(even + j, even_lanes(low, high));
        store(odd + j, odd_lanes(low, high));
      }
      if (j >= count) break;
    }
    int64_t x = first + 2 * j;
    even[j] = x >= 0 && x < width ? row[x] : 0;
    odd[j] = x + 1 >= 0 && x + 1 < width ? row[x + 1] : 0;
  }
}

/// `B^T d` for four values: rows of a tile, or columns.
#define DTH_WINOGRAD_INPUT(d0, d1, d2, d3, to) \
  do {                                         \
    (to)[0] = (d0) - (d2);                     \
    (to)[1] = (d1) + (d2);                     \
    (to)[2] = (d2) - (d1);                     \
    (to)[3] = (d1) - (d3);                     \
  } while (0)

/// Transforms the tiles of every channel.
static __attribute__((noinline)) void transform_tiles(const winograd_work *work, const float *x) {
  const dth_convolution_args *args = work->args;
  const dth_winograd_block *block = &work->block;
  int64_t plane = args->height * args->width, pitch = block->pitch;
  int64_t first_row = work->row - args->padding_top;
  int64_t first_column = work->column - args->padding_left;
  int64_t count = work->row_vectors * DTH_WIDTH + 1;
  int64_t points = args->channels * block->tiles;
  const float *image = x + work->batch * args->channels * plane;
  for (int64_t c = 0; c < args->channels; c++, image += plane) {
    for (int64_t i = 0; i < 2 * work->rows + 2; i++) {
      float *even = work->lines + 2 * i * pitch, *odd = even + pitch;
      int64_t y = first_row + i;
      if (y < 0 || y >= args->height) {
        memset(even, 0, (size_t)(2 * pitch) * sizeof(float));
      } else {
        split_columns(image + y * args->width, args->width, first_column, count, even, odd);
      }
    }
    float *to = work->tiles + c * block->tiles;
    for (int64_t r = 0; r < work->rows; r++) {
      for (int64_t v = 0; v < work->row_vectors; v++, to += DTH_WIDTH) {
        vf columns[4][4];
        UNROLL for (int i = 0; i < 4; i++) {
          const float *even = work->lines + 2 * (2 * r + i) * pitch + v * DTH_WIDTH;
          const float *odd = even + pitch;
          DTH_WINOGRAD_INPUT(load(even), load(odd), load(even + 1), load(odd + 1), columns[i]);
        }
        UNROLL for (int j = 0; j < 4; j++) {
          vf points_of[4];
          DTH_WINOGRAD_INPUT(
              columns[0][j], columns[1][j], columns[2][j], columns[3][j], points_of);
          UNROLL for (int i = 0; i < 4; i++) store(to + (4 * i + j) * points, points_of[i]);
        }
      }
    }
  }
}

/// `G g` for three values: rows of a kernel, or columns.
#define DTH_WINOGRAD_KERNEL(g0, g1, g2, to)  \
  do {                                       \
    vf outer = ((g0) + (g2)) * 0.5f;         \
    vf inner = (g1) * 0.5f;                  \
    (to)[0] = (g0);                          \
    (to)[1] = outer + inner;                 \
    (to)[2] = outer - inner;                 \
    (to)[3] = (g2);                          \
  } while (0)

/// Transforms the weights of a panel for some channels.
static __attribute__((noinline)) void transform_weights(
    const float *packed, int64_t channels, float *out) {
  int64_t points = channels * DTH_PANEL;
  for (int64_t c = 0; c < channels; c++, packed += 9 * DTH_PANEL, out += DTH_PANEL) {
    for (int64_t part = 0; part < DTH_PANEL; part += DTH_WIDTH) {
      vf rows[3][4];
      UNROLL for (int i = 0; i < 3; i++) {
        const float *g = packed + 3 * i * DTH_PANEL + part;
        DTH_WINOGRAD_KERNEL(
            load(g), load(g + DTH_PANEL), load(g + 2 * DTH_PANEL), rows[i]);
      }
      UNROLL for (int j = 0; j < 4; j++) {
        vf points_of[4];
        DTH_WINOGRAD_KERNEL(rows[0][j], rows[1][j], rows[2][j], points_of);
        UNROLL for (int i = 0; i < 4; i++) {
          store(out + (4 * i + j) * points + part, points_of[i]);
        }
      }
    }
  }
}

/// Adds the products of `rows` outputs and `vectors` vectors of tiles to sums [rows, vectors].
INLINE void multiply_point_tile(
    const int rows, const int vectors, const float *tiles, int64_t channels, int64_t stride,
    const float *weights, float *sums, bool accumulate) {
  vf sum[DTH_CONVOLUTION_ROWS][DTH_CONVOLUTION_VECTORS];
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      sum[r][v] = accumulate ? load(sums + (r * vectors + v) * DTH_WIDTH) : (vf)0.0f;
    }
  }
  _Pragma("clang loop unroll_count(2)") for (int64_t c = 0; c < channels; c++) {
    vf x[DTH_CONVOLUTION_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) x[v] = load(tiles + v * DTH_WIDTH);
    UNROLL for (int r = 0; r < rows; r++) {
      vf w = weights[r];
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(w, x[v], sum[r][v]);
    }
    tiles += stride;
    weights += DTH_PANEL;
  }
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      store(sums + (r * vectors + v) * DTH_WIDTH, sum[r][v]);
    }
  }
}

/// `multiply_point_tile` for extents that are known when it runs.
static __attribute__((noinline)) void multiply_tiles_at_point(
    int64_t rows, int64_t vectors, const float *tiles, int64_t channels, int64_t stride,
    const float *weights, float *sums, bool accumulate) {
#define DTH_CASE(r, v)                                                             \
  case DTH_CONVOLUTION_VECTORS * (r) + (v):                                        \
    multiply_point_tile(r, v, tiles, channels, stride, weights, sums, accumulate); \
    break;
  switch (DTH_CONVOLUTION_VECTORS * rows + vectors) {
    DTH_CONVOLUTION_CASES(DTH_CASE)
    default: break;
  }
#undef DTH_CASE
}

/// Stores pixels of a row of the result, `count` of them, at `offset`.
INLINE void store_row(
    const winograd_work *work, void *const *operands, vf even, vf odd, float bias, int64_t offset,
    int64_t count) {
  const float *residual = operands[4];
  float *out = operands[0];
  for (int half = 0; half < 2 && count > 0; half++, offset += DTH_WIDTH, count -= DTH_WIDTH) {
    vf y = half == 0 ? lower_pairs(even, odd) : upper_pairs(even, odd);
    y = activate(y + bias, work->args->activation);
    if (count >= DTH_WIDTH) {
      store(out + offset, residual == NULL ? y : load(residual + offset) + y);
    } else {
      store_part(
          out + offset, residual == NULL ? y : load_part(residual + offset, count) + y, count);
    }
  }
}

/// `A^T m` for four values: rows of sums, or columns.
#define DTH_WINOGRAD_RESULT(m0, m1, m2, m3, to) \
  do {                                          \
    (to)[0] = (m0) + ((m1) + (m2));             \
    (to)[1] = ((m1) - (m2)) - (m3);             \
  } while (0)

/// Turns the sums of a panel into pixels.
static __attribute__((noinline)) void store_panel(
    const winograd_work *work, void *const *operands, int64_t panel, int64_t outs) {
  const dth_convolution_args *args = work->args;
  const float *bias = operands[3];
  int64_t plane = args->out_height * args->out_width;
  int64_t points = work->block.tiles * DTH_PANEL;
  int64_t groups = dth_ceil_div(outs, DTH_CONVOLUTION_ROWS);
  int64_t parts = dth_ceil_div(work->vectors, DTH_CONVOLUTION_VECTORS);
  for (int64_t group = 0; group < groups; group++) {
    int64_t first = dth_part(outs, group, groups);
    int64_t rows = dth_part(outs, group + 1, groups) - first;
    for (int64_t part = 0; part < parts; part++) {
      int64_t vector = dth_part(work->vectors, part, parts);
      int64_t count = dth_part(work->vectors, part + 1, parts) - vector;
      const float *sums = work->sums + (vector * outs + first * count) * DTH_WIDTH;
      for (int64_t r = 0; r < rows; r++) {
        int64_t channel = panel * DTH_PANEL + first + r;
        float shift = bias == NULL ? 0 : bias[channel];
        int64_t base = (work->batch * args->out_channels + channel) * plane;
        for (int64_t v = 0; v < count; v++, sums += DTH_WIDTH) {
          int64_t column = work->column + (vector + v) % work->row_vectors * 2 * DTH_WIDTH;
          int64_t row = work->row + (vector + v) / work->row_vectors * 2;
          vf columns[4][2];
          UNROLL for (int i = 0; i < 4; i++) {
            const float *m = sums + 4 * i * points;
            DTH_WINOGRAD_RESULT(
                load(m), load(m + points), load(m + 2 * points), load(m + 3 * points),
                columns[i]);
          }
          vf pixels[2][2];
          UNROLL for (int j = 0; j < 2; j++) {
            DTH_WINOGRAD_RESULT(
                columns[0][j], columns[1][j], columns[2][j], columns[3][j], pixels[j]);
          }
          int64_t rest = dth_min(work->column + 2 * work->columns, args->out_width) - column;
          for (int64_t i = 0; i < dth_min(2, args->out_height - row); i++) {
            store_row(
                work, operands, pixels[0][i], pixels[1][i], shift,
                base + (row + i) * args->out_width + column, rest);
          }
        }
      }
    }
  }
}

/// Multiplies the tiles of a rectangle with one panel, and stores what comes out.
static void convolve_panel(const winograd_work *work, void *const *operands, int64_t panel) {
  const dth_convolution_args *args = work->args;
  const dth_winograd_block *block = &work->block;
  int64_t outs = dth_min(DTH_PANEL, args->out_channels - panel * DTH_PANEL);
  int64_t groups = dth_ceil_div(outs, DTH_CONVOLUTION_ROWS);
  int64_t parts = dth_ceil_div(work->vectors, DTH_CONVOLUTION_VECTORS);
  const float *packed = (const float *)operands[2] + panel * args->channels * 9 * DTH_PANEL;
  for (int64_t slice = 0; slice < block->slices; slice++) {
    int64_t begin = dth_part(args->channels, slice, block->slices);
    int64_t channels = dth_part(args->channels, slice + 1, block->slices) - begin;
    transform_weights(packed + begin * 9 * DTH_PANEL, channels, work->weights);
    // The weights of the slice that follows are fetched by and by; those of the panel that follows
    // are behind those of this one.
    const float *next = packed + (begin + channels) * 9 * DTH_PANEL;
    int64_t lines = channels * 9 * DTH_PANEL / 16;
    for (int64_t point = 0; point < DTH_POINTS; point++) {
      int64_t line_end = dth_part(lines, point + 1, DTH_POINTS);
      for (int64_t line = dth_part(lines, point, DTH_POINTS); line < line_end; line++) {
        __builtin_prefetch(next + line * 16, 0, 2);
      }
      const float *tiles = work->tiles + (point * args->channels + begin) * block->tiles;
      const float *weights = work->weights + point * channels * DTH_PANEL;
      float *sums = work->sums + point * block->tiles * DTH_PANEL;
      for (int64_t part = 0; part < parts; part++) {
        int64_t vector = dth_part(work->vectors, part, parts);
        int64_t count = dth_part(work->vectors, part + 1, parts) - vector;
        for (int64_t group = 0; group < groups; group++) {
          int64_t first = dth_part(outs, group, groups);
          int64_t rows = dth_part(outs, group + 1, groups) - first;
          multiply_tiles_at_point(
              rows, count, tiles + vector * DTH_WIDTH, channels, block->tiles, weights + first,
              sums + (vector * outs + first * count) * DTH_WIDTH, slice > 0);
        }
      }
    }
  }
  store_panel(work, operands, panel, outs);
}

/// Computes a rectangle of the result: a piece of a thread's share, which has `row_parts` by
/// `column_parts` of each batch entry.
static void convolve_rectangle(
    winograd_work *work, void *const *operands, const dth_share *share, int64_t piece,
    int64_t row_parts, int64_t column_parts) {
  const dth_convolution_args *args = work->args;
  const dth_winograd_block *block = &work->block;
  int64_t row_count = share->row_end - share->row_begin;
  int64_t part = piece % (row_parts * column_parts);
  int64_t row = part / column_parts;
  int64_t first = share->row_begin + dth_part(row_count, row, row_parts);
  work->batch = share->batch_begin + piece / (row_parts * column_parts);
  work->row = 2 * first;
  work->rows = share->row_begin + dth_part(row_count, row + 1, row_parts) - first;
  int64_t column = part % column_parts * block->columns;
  work->column = 2 * column;
  work->columns = dth_min(block->columns, dth_ceil_div(args->out_width, 2) - column);
  work->row_vectors = dth_ceil_div(work->columns, DTH_WIDTH);
  work->vectors = work->rows * work->row_vectors;
  transform_tiles(work, operands[1]);
  for (int64_t panel = share->panel_begin; panel < share->panel_end; panel++) {
    convolve_panel(work, operands, panel);
  }
}

static void convolution_by_tiles(
    const dth_convolution_args *args, void *const *operands, int32_t thread,
    int32_t thread_count, void *scratch, dth_claim *claims) {
  winograd_work work = {.args = args, .block = dth_winograd_block_of(args)};
  const dth_winograd_block *block = &work.block;
  work.tiles = scratch;
  work.weights = work.tiles + DTH_POINTS * args->channels * block->tiles;
  work.sums = work.weights + DTH_POINTS * block->slice_channels * DTH_PANEL;
  work.lines = work.sums + DTH_POINTS * DTH_PANEL * block->tiles;
  int64_t column_parts = dth_ceil_div(dth_ceil_div(args->out_width, 2), block->columns);
  dth_walk walk = dth_walk_of(claims, thread, thread_count);
  for (int32_t owner; (owner = dth_walk_owner(&walk)) >= 0;) {
    dth_share share = dth_product_share(
        args->batch, dth_ceil_div(args->out_height, 2),
        dth_ceil_div(args->out_channels, DTH_PANEL), owner, thread_count);
    int64_t row_parts = dth_ceil_div(share.row_end - share.row_begin, block->rows);
    int64_t batches = share.batch_end - share.batch_begin;
    int64_t pieces =
        share.panel_begin == share.panel_end ? 0 : batches * row_parts * column_parts;
    for (int64_t piece; (piece = dth_claim_piece(&walk, pieces)) >= 0;) {
      convolve_rectangle(&work, operands, &share, piece, row_parts, column_parts);
    }
  }
}
