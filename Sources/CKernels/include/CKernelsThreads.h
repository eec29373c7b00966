// The pool of threads that executes kernels; a part of CKernels.h.
#ifndef DTH_CKERNELS_THREADS_H
#define DTH_CKERNELS_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A fixed set of threads; the caller of `dth_pool_run` is thread 0.
typedef struct dth_pool dth_pool;

/// What a pool runs on every thread.
typedef void (*dth_pool_body)(void *context, int32_t thread, int32_t thread_count);

/// A pool of `threads` threads, at least 1, counting the caller; NULL where the system refuses.
dth_pool *dth_pool_create(int32_t threads);

/// The number of threads, counting the caller.
int32_t dth_pool_thread_count(const dth_pool *pool);

/// Runs the body once on every thread and returns when all have ended. Allocates nothing.
///
/// One run at a time; a body does not call it.
void dth_pool_run(dth_pool *pool, dth_pool_body body, void *context);

/// Waits until every thread of the pool has called it; only within a body.
///
/// What a thread wrote before is visible to all threads after.
void dth_pool_barrier(dth_pool *pool);

/// Ends the threads and frees the pool.
void dth_pool_destroy(dth_pool *pool);

/// The number of logical processors that this process may be scheduled on.
int32_t dth_usable_processors(void);

#ifdef __cplusplus
}
#endif

#endif
