#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "CStark.h"

#include <pthread.h>
#include <stdatomic.h>
#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { MAX_THREADS = 256 };

typedef struct {
    atomic_size_t next;
    atomic_int stopped;
    size_t count;
    int niceness;
    int (*body)(void *context, size_t index);
    void *context;
} work;

static void run(work *w) {
    while (!atomic_load_explicit(&w->stopped, memory_order_relaxed)) {
        size_t index = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed);
        if (index >= w->count) return;
        int result = w->body(w->context, index);
        if (result) atomic_store(&w->stopped, result);
    }
}

static void *start(void *context) {
    work *w = context;
#if defined(__linux__)
    // A thread has a niceness of its own on Linux. Where it may not be set, work goes on with the process's.
    if (w->niceness) setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), w->niceness);
#endif
    run(w);
    return 0;
}

int skerry_stark_parallel(int threads, int niceness, size_t count, int (*body)(void *context, size_t index),
                          void *context) {
    work w = {.count = count, .niceness = niceness, .body = body, .context = context};
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    if ((size_t)threads > count) threads = (int)count;
    pthread_t started[MAX_THREADS];
    int wanted = niceness ? threads : threads - 1, running = 0;
    while (running < wanted && pthread_create(&started[running], 0, start, &w) == 0) running++;
    if (!niceness || running == 0) run(&w);
    for (int i = 0; i < running; i++) pthread_join(started[i], 0);
    return atomic_load(&w.stopped);
}
