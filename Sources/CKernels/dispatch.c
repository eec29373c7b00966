// The table of rows, and what does not depend on the instruction set.
#include "internal.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

static dth_kernel_row dth_rows[5];
static int32_t dth_row_count;

#if defined(__x86_64__)
/// Whether the processor has AMX for bf16 and the system lets this process use it.
static bool dth_has_amx(void) {
#if defined(__linux__)
  unsigned int a, b, c, d;
  const unsigned int amx_bf16 = 1u << 22, amx_tile = 1u << 24;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  if ((d & amx_bf16) == 0 || (d & amx_tile) == 0) return false;
  // ARCH_REQ_XCOMP_PERM of the state of tiles; see Documentation/arch/x86/xstate.rst of Linux.
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}

/// Adds a row that has the last row's kernels but for those given.
static void dth_add_bf16_row(const char *name, const dth_bf16_kernels *kernels) {
  dth_kernel_row row = *dth_best_row();
  row.name = name;
  row.linear_bf16 = kernels->linear_bf16;
  row.pack_bf16 = kernels->pack_bf16;
  row.matmul_bf16 = kernels->matmul_bf16;
  row.attention_bf16 = kernels->attention_bf16;
  row.peak_bf16 = kernels->peak_bf16;
  dth_rows[dth_row_count++] = row;
}
#endif

__attribute__((constructor)) static void dth_find_rows(void) {
  dth_rows[dth_row_count++] = dth_row_portable;
#if defined(__aarch64__)
  dth_rows[dth_row_count++] = dth_row_neon;
#endif
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    dth_rows[dth_row_count++] = dth_row_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
      dth_rows[dth_row_count++] = dth_row_avx512;
      if (__builtin_cpu_supports("avx512bf16")) {
        dth_add_bf16_row("avx512_bf16", &dth_kernels_avx512_bf16);
        if (dth_has_amx()) dth_add_bf16_row("amx", &dth_kernels_amx);
      }
    }
  }
#endif
}

const dth_kernel_row *dth_kernel_rows(int32_t *count) {
  *count = dth_row_count;
  return dth_rows;
}

const dth_kernel_row *dth_best_row(void) { return &dth_rows[dth_row_count - 1]; }

dth_share dth_product_share(
    int64_t batch, int64_t rows, int64_t panels, int32_t thread, int32_t thread_count) {
  int64_t best = INT64_MAX;
  int64_t batch_parts = 1, row_parts = 1, panel_parts = 1;
  for (int64_t b = 1; b <= thread_count; b++) {
    if (thread_count % b != 0) continue;
    for (int64_t r = 1; r <= thread_count / b; r++) {
      if (thread_count / b % r != 0) continue;
      int64_t p = thread_count / b / r;
      int64_t entry_rows = dth_ceil_div(rows, r), entry_panels = dth_ceil_div(panels, p);
      // In units of a panel times a row: the product, fetching and packing rows, loading panels.
      int64_t cost =
          dth_ceil_div(batch, b) * (entry_rows * entry_panels + entry_rows + 3 * entry_panels);
      if (cost < best) {
        best = cost;
        batch_parts = b;
        row_parts = r;
        panel_parts = p;
      }
    }
  }
  int64_t p = thread % panel_parts;
  int64_t r = thread / panel_parts % row_parts;
  int64_t b = thread / panel_parts / row_parts;
  return (dth_share){
      dth_part(batch, b, batch_parts), dth_part(batch, b + 1, batch_parts),
      dth_part(rows, r, row_parts),    dth_part(rows, r + 1, row_parts),
      dth_part(panels, p, panel_parts), dth_part(panels, p + 1, panel_parts),
  };
}

size_t dth_packed_weight_count(int64_t n, int64_t k) {
  return (size_t)(dth_ceil_div(n, DTH_PANEL) * DTH_PANEL * k);
}

void dth_pack_weight(
    const float *w, int64_t n, int64_t k, int64_t leading_dimension, bool transposed,
    int64_t first_panel, int64_t panel_count, float *packed) {
  for (int64_t panel = first_panel; panel < first_panel + panel_count; panel++) {
    float *out = packed + panel * DTH_PANEL * k;
    int64_t first = panel * DTH_PANEL;
    int64_t columns = dth_min(DTH_PANEL, n - first);
    if (columns < DTH_PANEL) memset(out, 0, (size_t)(DTH_PANEL * k) * sizeof(float));
    if (transposed) {
      for (int64_t i = 0; i < k; i++) {
        memcpy(
            out + i * DTH_PANEL, w + i * leading_dimension + first,
            (size_t)columns * sizeof(float));
      }
    } else {
      // By pieces of k that keep the written lines in the first cache.
      for (int64_t begin = 0; begin < k; begin += 64) {
        int64_t end = dth_min(begin + 64, k);
        for (int64_t column = 0; column < columns; column++) {
          const float *row = w + (first + column) * leading_dimension;
          for (int64_t i = begin; i < end; i++) out[i * DTH_PANEL + column] = row[i];
        }
      }
    }
  }
}

void dth_pack_gated_weight(
    const float *w, const float *v, int64_t n, int64_t k, int64_t leading_dimension,
    bool transposed, int64_t first_panel, int64_t panel_count, float *packed) {
  for (int64_t panel = first_panel; panel < first_panel + panel_count; panel++) {
    // Each moves its panels on by as many as the other has before.
    float *to = packed + panel * DTH_PANEL * k;
    dth_pack_weight(w, n, k, leading_dimension, transposed, panel, 1, to);
    dth_pack_weight(v, n, k, leading_dimension, transposed, panel, 1, to + DTH_PANEL * k);
  }
}

size_t dth_packed_weight_bf16_count(int64_t n, int64_t k) {
  return (size_t)(dth_round_up(n, DTH_PANEL) * dth_round_up(k, DTH_BF16_K));
}

void dth_pack_weight_bf16(
    const float *w, int64_t n, int64_t k, int64_t leading_dimension, bool transposed,
    int64_t first_panel, int64_t panel_count, uint16_t *packed) {
  int64_t panel_size = dth_round_up(k, DTH_BF16_K) * DTH_PANEL;
  int64_t column_step = transposed ? 1 : leading_dimension;
  int64_t step = transposed ? leading_dimension : 1;
  for (int64_t panel = first_panel; panel < first_panel + panel_count; panel++) {
    uint16_t *out = packed + panel * panel_size;
    int64_t first = panel * DTH_PANEL;
    int64_t columns = dth_min(DTH_PANEL, n - first);
    memset(out, 0, (size_t)panel_size * sizeof(uint16_t));
    // By pieces of k that keep the written lines in the first cache.
    for (int64_t begin = 0; begin < k; begin += 64) {
      int64_t end = dth_min(begin + 64, k);
      for (int64_t column = 0; column < columns; column++) {
        const float *row = w + (first + column) * column_step;
        uint16_t *to = out + column * 2;
        for (int64_t i = begin; i < end; i++) {
          to[i / 2 * (2 * DTH_PANEL) + i % 2] = dth_to_bf16(row[i * step]);
        }
      }
    }
  }
}

/// The rows of a block and their padded count, per geometry of micro-kernel; see rows/vector.h.
static const int64_t dth_geometries[][2] = {{6, 8}, {DTH_MAX_BLOCK_ROWS, 16}};

/// The floats that a product needs for one thread, the largest over the geometries.
///
/// `panels` are those of the weight; without packed ones a thread packs them.
static int64_t dth_product_floats(int64_t m, int64_t k, int64_t panels, bool packed) {
  int64_t most = 0;
  for (int i = 0; i < 2; i++) {
    int64_t rows = dth_geometries[i][0], padded = dth_geometries[i][1];
    dth_product_cut cut = dth_cut_product(m, k, rows, padded, packed);
    int64_t group = dth_min(panels, packed ? DTH_GROUP_PANELS : DTH_UNPACKED_PANELS);
    int64_t sums = cut.depths == 1 ? 0 : group * rows * DTH_PANEL;
    int64_t floats = cut.chunk_blocks * (padded * cut.depth + sums);
    int64_t panel_count = packed ? 0 : cut.depths == 1 ? 1 : group;
    most = dth_max(most, floats + panel_count * DTH_PANEL * cut.depth);
  }
  return most;
}

size_t dth_linear_scratch_bytes(const dth_linear_args *arguments) {
  int64_t panels = dth_ceil_div(arguments->n, DTH_PANEL) * (arguments->gated_unit ? 2 : 1);
  return (size_t)dth_product_floats(arguments->m, arguments->k, panels, true) * sizeof(float);
}

size_t dth_matmul_scratch_bytes(const dth_matmul_args *arguments) {
  int64_t panels = dth_ceil_div(arguments->n, DTH_PANEL);
  return (size_t)dth_product_floats(arguments->m, arguments->k, panels, false) * sizeof(float);
}

size_t dth_attention_scratch_bytes(const dth_attention_args *arguments) {
  int64_t panels = dth_min(dth_ceil_div(arguments->queries, DTH_PANEL), DTH_QUERY_PANELS);
  int64_t width = arguments->width, value_width = arguments->value_width;
  int64_t tile = dth_min(arguments->keys, DTH_KEY_TILE);
  int64_t most = 0;
  for (int i = 0; i < 2; i++) {
    int64_t rows = dth_geometries[i][0], padded = dth_geometries[i][1];
    int64_t keys = dth_ceil_div(tile, rows) * padded * width;
    int64_t values = dth_ceil_div(value_width, rows) * padded * tile;
    most = dth_max(most, keys + values);
  }
  int64_t state = panels * DTH_PANEL * (width + value_width + 2);
  return (size_t)(state + most + 2 * tile * DTH_PANEL) * sizeof(float);
}

/// The bytes of a packed word of rows, and the elements in it, per row of kernels with words.
static const int64_t dth_word_elements[] = {1, 2};

/// The bytes of the packed rows of a product of bf16 that a thread keeps, the largest over the rows
/// of kernels.
static int64_t dth_bf16_rows_bytes(int64_t m, int64_t k) {
  int64_t most = 0;
  for (int i = 0; i < 2; i++) {
    int64_t rows = dth_geometries[i][0], padded = dth_geometries[i][1];
    for (int j = 0; j < 2; j++) {
      int64_t words = dth_round_up(k, 2) / dth_word_elements[j];
      int64_t bytes = padded * words * 4;
      int64_t blocks = dth_min(dth_ceil_div(m, rows), dth_bf16_chunk_blocks(bytes));
      most = dth_max(most, blocks * bytes);
    }
  }
  int64_t tile_bytes = DTH_TILE_ROWS * 2 * dth_round_up(k, DTH_BF16_K);
  int64_t tiles = dth_ceil_div(m, DTH_TILE_ROWS);
  return dth_max(most, dth_min(tiles, dth_bf16_chunk_blocks(tile_bytes)) * tile_bytes);
}

size_t dth_linear_bf16_scratch_bytes(const dth_linear_args *arguments) {
  return (size_t)dth_bf16_rows_bytes(arguments->m, arguments->k);
}

size_t dth_matmul_bf16_scratch_bytes(const dth_matmul_args *arguments) {
  int64_t panel = DTH_PANEL * 2 * dth_round_up(arguments->k, DTH_BF16_K);
  return (size_t)(panel + dth_bf16_rows_bytes(arguments->m, arguments->k));
}

size_t dth_attention_bf16_scratch_bytes(const dth_attention_args *arguments) {
  int64_t panels = dth_min(dth_ceil_div(arguments->queries, DTH_PANEL), DTH_QUERY_PANELS);
  int64_t width = dth_round_up(arguments->width, 2), value_width = arguments->value_width;
  int64_t tile = dth_min(arguments->keys, DTH_KEY_TILE);
  int64_t most = 0;
  for (int i = 0; i < 2; i++) {
    int64_t rows = dth_geometries[i][0], padded = dth_geometries[i][1];
    int64_t keys = dth_ceil_div(tile, rows) * padded * width;
    int64_t values = dth_ceil_div(value_width, rows) * padded * dth_round_up(tile, 2);
    most = dth_max(most, keys + values);
  }
  int64_t state = panels * DTH_PANEL * (width / 2 + value_width + 2);
  int64_t bytes = (state + most + tile * DTH_PANEL) * (int64_t)sizeof(float);
  return (size_t)dth_max(bytes, dth_amx_attention_of(arguments).total_bytes);
}

size_t dth_pack_scratch_bytes(const dth_pack_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_elementwise_scratch_bytes(const dth_elementwise_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_norm_affine_scratch_bytes(const dth_norm_affine_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_softmax_scratch_bytes(const dth_softmax_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_attention_gradient_scratch_bytes(const dth_attention_gradient_args *arguments) {
  int64_t most_queries = dth_gradient_queries(arguments), keys = arguments->keys;
  int64_t width = arguments->width, value_width = arguments->value_width, most = 0;
  // The block of queries that is left in the end may be cut otherwise.
  const int64_t blocks[] = {most_queries, arguments->queries % most_queries};
  for (int i = 0; i < 2; i++) {
    int64_t queries = blocks[i];
    if (queries == 0) continue;
    // Rows, columns and inner extent of the products.
    const int64_t products[][3] = {
        {queries, keys, width}, {queries, keys, value_width}, {keys, value_width, queries},
        {queries, width, keys}, {keys, width, queries}};
    for (int product = 0; product < 5; product++) {
      int64_t panels = dth_ceil_div(products[product][1], DTH_PANEL);
      int64_t floats = dth_product_floats(products[product][0], products[product][2], panels, false);
      most = dth_max(most, floats);
    }
  }
  return (size_t)(2 * most_queries * keys + most) * sizeof(float);
}

size_t dth_softmax_gradient_scratch_bytes(const dth_softmax_gradient_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_norm_gradient_scratch_bytes(const dth_norm_gradient_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_reduce_scratch_bytes(const dth_reduce_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_gather_scratch_bytes(const dth_gather_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_rms_norm_scratch_bytes(const dth_rms_norm_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_group_norm_scratch_bytes(const dth_group_norm_args *arguments) {
  (void)arguments;
  return 0;
}

size_t dth_upsample_scratch_bytes(const dth_upsample_args *arguments) {
  (void)arguments;
  return 0;
}
