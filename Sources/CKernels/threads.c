// The thread pool: workers spin for a moment, then park on a condition variable.
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "CKernels.h"

/// A count that threads wait upon: spinning first, then parked.
typedef struct {
  _Atomic uint32_t value;
  _Atomic int32_t parked;
} dth_event;

typedef struct {
  dth_pool *pool;
  int32_t thread;
} dth_worker;

struct dth_pool {
  int32_t thread_count;
  /// Turns of the loop before a waiting thread parks; 0 where threads share processors.
  int32_t spin_count;
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  /// Raised once per run.
  _Alignas(64) dth_event start;
  dth_pool_body body;
  void *context;
  bool ended;
  /// Raised by the last thread that arrives at the barrier.
  _Alignas(64) dth_event barrier;
  _Alignas(64) _Atomic int32_t arrived;
  pthread_t *handles;
  dth_worker *workers;
};

int32_t dth_usable_processors(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int32_t)online : 1;
}

static inline void dth_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/// Waits until the event's value is no longer `seen`.
static void dth_event_wait(dth_pool *pool, dth_event *event, uint32_t seen) {
  for (int32_t turn = 0; turn < pool->spin_count; turn++) {
    if (atomic_load_explicit(&event->value, memory_order_acquire) != seen) return;
    dth_pause();
  }
  for (int32_t turn = 0; turn < 4; turn++) {
    if (atomic_load_explicit(&event->value, memory_order_acquire) != seen) return;
    sched_yield();
  }
  pthread_mutex_lock(&pool->mutex);
  // Announced before the value is read again, as the raiser stores before it reads `parked`: with
  // both sequentially consistent, one of the two sees the other.
  atomic_fetch_add(&event->parked, 1);
  while (atomic_load(&event->value) == seen) pthread_cond_wait(&pool->condition, &pool->mutex);
  atomic_fetch_sub(&event->parked, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void dth_event_raise(dth_pool *pool, dth_event *event) {
  atomic_fetch_add(&event->value, 1);
  if (atomic_load(&event->parked) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->condition);
  pthread_mutex_unlock(&pool->mutex);
}

void dth_pool_barrier(dth_pool *pool) {
  if (pool->thread_count == 1) return;
  // Read before arriving: the value cannot change until this thread has arrived.
  uint32_t seen = atomic_load_explicit(&pool->barrier.value, memory_order_relaxed);
  if (atomic_fetch_add(&pool->arrived, 1) == pool->thread_count - 1) {
    atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
    dth_event_raise(pool, &pool->barrier);
  } else {
    dth_event_wait(pool, &pool->barrier, seen);
  }
}

static void *dth_worker_main(void *argument) {
  const dth_worker *worker = argument;
  dth_pool *pool = worker->pool;
  for (uint32_t seen = 0;; seen++) {
    dth_event_wait(pool, &pool->start, seen);
    if (pool->ended) return NULL;
    pool->body(pool->context, worker->thread, pool->thread_count);
    dth_pool_barrier(pool);
  }
}

void dth_pool_run(dth_pool *pool, dth_pool_body body, void *context) {
  if (pool->thread_count > 1) {
    pool->body = body;
    pool->context = context;
    dth_event_raise(pool, &pool->start);
  }
  body(context, 0, pool->thread_count);
  dth_pool_barrier(pool);
}

int32_t dth_pool_thread_count(const dth_pool *pool) { return pool->thread_count; }

static void dth_pool_stop(dth_pool *pool, int32_t started) {
  pool->ended = true;
  dth_event_raise(pool, &pool->start);
  for (int32_t thread = 1; thread < started; thread++) pthread_join(pool->handles[thread], NULL);
  pthread_cond_destroy(&pool->condition);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->handles);
  free(pool->workers);
  free(pool);
}

dth_pool *dth_pool_create(int32_t threads) {
  if (threads < 1) threads = 1;
  void *memory = NULL;
  if (posix_memalign(&memory, 64, sizeof(dth_pool)) != 0) return NULL;
  dth_pool *pool = memory;
  *pool = (dth_pool){.thread_count = threads};
  pool->spin_count = threads <= dth_usable_processors() ? 4000 : 0;
  pool->handles = calloc((size_t)threads, sizeof *pool->handles);
  pool->workers = calloc((size_t)threads, sizeof *pool->workers);
  if (pool->handles == NULL || pool->workers == NULL) {
    free(pool->handles);
    free(pool->workers);
    free(pool);
    return NULL;
  }
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->condition, NULL);
  for (int32_t thread = 1; thread < threads; thread++) {
    dth_worker *worker = &pool->workers[thread];
    *worker = (dth_worker){pool, thread};
    if (pthread_create(&pool->handles[thread], NULL, dth_worker_main, worker) != 0) {
      dth_pool_stop(pool, thread);
      return NULL;
    }
  }
  return pool;
}

void dth_pool_destroy(dth_pool *pool) {
  if (pool != NULL) dth_pool_stop(pool, pool->thread_count);
}
