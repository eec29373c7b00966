#define _GNU_SOURCE
#include "CMallocCounter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// The C library's own entry points, which the definitions below hide from the program.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic int counting;
static _Atomic int64_t calls;
static _Atomic int64_t aligned_bytes;

static void count_call(size_t aligned) {
  if (!atomic_load_explicit(&counting, memory_order_relaxed)) return;
  atomic_fetch_add(&calls, 1);
  atomic_fetch_add(&aligned_bytes, (int64_t)aligned);
}

void malloc_counter_start(void) {
  atomic_store(&calls, 0);
  atomic_store(&aligned_bytes, 0);
  atomic_store(&counting, 1);
}

malloc_count malloc_counter_stop(void) {
  atomic_store(&counting, 0);
  return (malloc_count){atomic_load(&calls), atomic_load(&aligned_bytes)};
}

void *malloc(size_t size) {
  count_call(0);
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_call(0);
  return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size) {
  count_call(0);
  return __libc_realloc(pointer, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  count_call(size);
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}

// Memory that the program maps for itself; what the C library maps for its heap does not pass here.
void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  if (file == -1) count_call(size);
  return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count_call(0);
  return __libc_memalign(alignment, size);
}
