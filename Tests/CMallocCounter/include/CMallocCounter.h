#pragma once
#include <stdint.h>

/// Starts counting the allocations of every thread of the process.
void malloc_counter_start(void);

/// Stops, and returns the allocations made since the start.
int64_t malloc_counter_stop(void);
