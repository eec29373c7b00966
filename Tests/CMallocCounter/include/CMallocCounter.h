// Counts heap allocations of the process: malloc and its relatives, replaced for the whole program.
#pragma once
#include <stdint.h>

/// Starts counting from zero.
void malloc_counter_start(void);

/// What was allocated since the start.
typedef struct malloc_count {
  /// Calls of malloc, calloc, realloc, posix_memalign and aligned_alloc.
  int64_t calls;
  /// Bytes asked of posix_memalign.
  int64_t aligned_bytes;
} malloc_count;

/// Stops counting.
malloc_count malloc_counter_stop(void);

/// How often a test looks for a window without allocations: others allocate in the same process.
static const int malloc_counter_attempts = 5000;
