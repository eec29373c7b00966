// The geometry of a convolution's work, which is the same for every row.
#include "internal.h"

/// The floats of packed input that a thread keeps at once: somewhat over half of a second
/// cache of 1 MiB.
#define DTH_CONVOLUTION_FLOATS (144 * 1024)

/// The products that are added up over one packed input, and over one slice of it.
#define DTH_CONVOLUTION_CHUNK 1152
#define DTH_CONVOLUTION_SLICE 144

/// The most columns and pixels of a rectangle.
#define DTH_CONVOLUTION_COLUMNS 128
#define DTH_CONVOLUTION_PIXELS 1024

/// The floats of a packed channel for `rows` rows of the result.
static int64_t dth_plane_floats(
    const dth_convolution_args *args, const dth_convolution_block *block, int64_t rows) {
  int64_t in_rows = (rows - 1) * args->stride_y + args->kernel_height;
  // An odd number of lines, so that channels do not fall on the same lines of a cache.
  return (in_rows * block->phases * block->pitch + 15) / 32 * 32 + 16;
}

dth_convolution_block dth_convolution_block_of(const dth_convolution_args *args) {
  int64_t taps = args->kernel_height * args->kernel_width;
  dth_convolution_block block = {.phases = dth_min(args->stride_x, args->kernel_width)};
  block.chunks = dth_ceil_div(args->channels, dth_max(1, DTH_CONVOLUTION_CHUNK / taps));
  int64_t channels = dth_ceil_div(args->channels, block.chunks);
  block.slices = dth_ceil_div(channels, dth_max(1, DTH_CONVOLUTION_SLICE / taps));
  int64_t pieces = dth_ceil_div(args->out_width, DTH_CONVOLUTION_COLUMNS);
  block.columns = dth_ceil_div(dth_ceil_div(args->out_width, pieces), 16) * 16;
  block.pitch = dth_ceil_div(block.columns + (args->kernel_width - 1) / args->stride_x, 16) * 16;
  int64_t row_floats = args->stride_y * block.phases * block.pitch;
  int64_t spare = DTH_CONVOLUTION_FLOATS / channels - dth_plane_floats(args, &block, 1);
  block.rows = 1 + dth_max(0, spare / row_floats);
  block.rows = dth_min(block.rows, dth_max(1, DTH_CONVOLUTION_PIXELS / block.columns));
  block.rows = dth_min(block.rows, args->out_height);
  block.plane = dth_plane_floats(args, &block, block.rows);
  block.panel_floats = DTH_PANEL * block.rows * block.columns;
  return block;
}

/// The floats of transformed tiles that a thread keeps at once.
#define DTH_WINOGRAD_FLOATS (400 * 1024)

/// The most tiles of a rectangle, and the channels whose weights are transformed at once.
#define DTH_WINOGRAD_TILES 192
#define DTH_WINOGRAD_SLICE 32

/// The fewest channels of either side for which tiles are transformed.
#define DTH_WINOGRAD_CHANNELS 16

bool dth_convolves_by_tiles(const dth_convolution_args *args) {
  return args->kernel_height == 3 && args->kernel_width == 3 && args->stride_y == 1 &&
         args->stride_x == 1 && args->channels >= DTH_WINOGRAD_CHANNELS &&
         args->out_channels >= DTH_WINOGRAD_CHANNELS;
}

dth_winograd_block dth_winograd_block_of(const dth_convolution_args *args) {
  dth_winograd_block block;
  int64_t tile_columns = dth_ceil_div(args->out_width, 2);
  int64_t most = DTH_WINOGRAD_FLOATS / (16 * args->channels) / 16 * 16;
  most = dth_max(16, dth_min(most, DTH_WINOGRAD_TILES));
  // Of the widths that leave room for the most tiles, the largest.
  block.tiles = 0;
  for (int64_t vectors = 1; vectors <= most / 16; vectors++) {
    int64_t pieces = dth_ceil_div(tile_columns, vectors * 16);
    int64_t columns = dth_ceil_div(dth_ceil_div(tile_columns, pieces), 16) * 16;
    int64_t rows = dth_min(most / columns, dth_ceil_div(args->out_height, 2));
    if (rows * columns < block.tiles) continue;
    block.rows = rows;
    block.columns = columns;
    block.tiles = rows * columns;
  }
  block.pitch = block.columns + 16;
  block.slices = dth_ceil_div(args->channels, DTH_WINOGRAD_SLICE);
  block.slice_channels = dth_ceil_div(args->channels, block.slices);
  return block;
}

static size_t dth_winograd_scratch_bytes(const dth_convolution_args *args) {
  dth_winograd_block block = dth_winograd_block_of(args);
  int64_t floats = 16 * (args->channels + DTH_PANEL) * block.tiles +
                   16 * block.slice_channels * DTH_PANEL + (2 * block.rows + 2) * 2 * block.pitch;
  return (size_t)floats * sizeof(float);
}

size_t dth_convolution_scratch_bytes(const dth_convolution_args *args) {
  if (dth_convolves_by_tiles(args)) return dth_winograd_scratch_bytes(args);
  dth_convolution_block block = dth_convolution_block_of(args);
  int64_t panels = block.chunks == 1 ? 1 : dth_ceil_div(args->out_channels, DTH_PANEL);
  int64_t floats = dth_ceil_div(args->channels, block.chunks) * block.plane +
                   panels * block.panel_floats + args->kernel_height * args->kernel_width;
  return (size_t)floats * sizeof(float);
}
