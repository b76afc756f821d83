#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK_CHUNKS = SKERRY_BLAKE3_BLOCK_BYTES / SKERRY_BLAKE3_CHUNK_BYTES };
/// A thread that computes needs little; the default of 8 MiB would only be reserved in vain.
enum { WORKER_STACK_BYTES = 256 * 1024 };
/// Buffers begin on a page: a load that crosses a cache line costs two, and copying into whole pages is faster.
enum { BUFFER_ALIGNMENT = 4096 };
/// Blocks that are read before they are hashed. Enough that neither thread wakes the other for each block.
enum { AHEAD_BLOCKS = 8 };

/// Work that several threads take block by block.
typedef struct {
    const uint8_t *input;
    int descriptor;
    uint64_t offset, length;
    const uint8_t *key;
    uint32_t mode;
    uint8_t *values;
    atomic_ullong next;
    atomic_int error;
} shared_work;

static bool take_block(shared_work *work, uint64_t *index) {
    if (atomic_load_explicit(&work->error, memory_order_relaxed) != 0) return false;
    *index = atomic_fetch_add(&work->next, 1);
    return *index * SKERRY_BLAKE3_BLOCK_BYTES < work->length;
}

static size_t block_length(const shared_work *work, uint64_t index) {
    uint64_t left = work->length - index * SKERRY_BLAKE3_BLOCK_BYTES;
    return left < SKERRY_BLAKE3_BLOCK_BYTES ? (size_t)left : SKERRY_BLAKE3_BLOCK_BYTES;
}

static bool read_block(shared_work *work, uint64_t index, uint8_t *into) {
    uint64_t offset = work->offset + index * SKERRY_BLAKE3_BLOCK_BYTES;
    for (size_t left = block_length(work, index); left > 0;) {
        ssize_t count = pread(work->descriptor, into, left, (off_t)offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            atomic_store(&work->error, count < 0 ? errno : -1);
            return false;
        }
        into += count;
        offset += (uint64_t)count;
        left -= (size_t)count;
    }
    return true;
}

static void hash_block(const shared_work *work, uint64_t index, const uint8_t *block) {
    skerry_blake3_node node;
    skerry_blake3_tree(block, block_length(work, index), index * BLOCK_CHUNKS, work->key, work->mode, &node);
    skerry_blake3_node_value(&node, work->values + index * 32);
}

static void *hash_blocks(void *argument) {
    shared_work *work = argument;
    uint8_t *buffer = work->input ? NULL : aligned_alloc(BUFFER_ALIGNMENT, SKERRY_BLAKE3_BLOCK_BYTES);
    if (!work->input && !buffer) {
        atomic_store(&work->error, ENOMEM);
        return NULL;
    }
    uint64_t index;
    while (take_block(work, &index)) {
        if (work->input) {
            hash_block(work, index, work->input + index * SKERRY_BLAKE3_BLOCK_BYTES);
        } else if (read_block(work, index, buffer)) {
            hash_block(work, index, buffer);
        }
    }
    free(buffer);
    return NULL;
}

static bool start_thread(pthread_t *thread, void *(*function)(void *), void *argument) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
    bool started = pthread_create(thread, &attributes, function, argument) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

/// A ring of blocks between a thread that reads and the one that hashes. `lock` guards `filled`, `emptied` and
/// `finished`; a buffer belongs to the reader until `filled` passes it, then to the hasher until `emptied` does.
typedef struct {
    shared_work *work;
    uint8_t *buffers;
    uint64_t indices[AHEAD_BLOCKS];
    pthread_mutex_t lock;
    /// Never waited for by both: the reader waits for a full ring, the hasher for an empty one.
    pthread_cond_t changed;
    size_t filled, emptied;
    bool finished;
} ring;

static uint8_t *ring_buffer(const ring *ring, size_t position) {
    return ring->buffers + position % AHEAD_BLOCKS * SKERRY_BLAKE3_BLOCK_BYTES;
}

static void *read_ahead(void *argument) {
    ring *ring = argument;
    uint64_t index;
    while (take_block(ring->work, &index)) {
        size_t position = ring->filled;
        ring->indices[position % AHEAD_BLOCKS] = index;
        if (!read_block(ring->work, index, ring_buffer(ring, position))) break;
        pthread_mutex_lock(&ring->lock);
        ring->filled++;
        pthread_cond_signal(&ring->changed);
        while (ring->filled - ring->emptied == AHEAD_BLOCKS) pthread_cond_wait(&ring->changed, &ring->lock);
        pthread_mutex_unlock(&ring->lock);
    }
    pthread_mutex_lock(&ring->lock);
    ring->finished = true;
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
    return NULL;
}

/// Hashes what was read ahead. When nothing is there, it does not wait but reads a block itself: where the reader
/// gets no processor, that is as fast as working alone.
static void hash_ahead(ring *ring, uint8_t *own) {
    for (;;) {
        uint64_t index;
        pthread_mutex_lock(&ring->lock);
        bool empty = ring->filled == ring->emptied;
        pthread_mutex_unlock(&ring->lock);
        if (empty && take_block(ring->work, &index)) {
            if (read_block(ring->work, index, own)) hash_block(ring->work, index, own);
            continue;
        }
        pthread_mutex_lock(&ring->lock);
        while (ring->filled == ring->emptied && !ring->finished) pthread_cond_wait(&ring->changed, &ring->lock);
        empty = ring->filled == ring->emptied;
        pthread_mutex_unlock(&ring->lock);
        if (empty) return;
        size_t position = ring->emptied;
        hash_block(ring->work, ring->indices[position % AHEAD_BLOCKS], ring_buffer(ring, position));
        pthread_mutex_lock(&ring->lock);
        ring->emptied++;
        // A reader that waits is woken when half of the ring is free, not for each block.
        if (ring->filled - ring->emptied == AHEAD_BLOCKS / 2) pthread_cond_signal(&ring->changed);
        pthread_mutex_unlock(&ring->lock);
    }
}

/// Hashes a file on this thread while another one reads; false when that one cannot be started.
static bool hash_file_ahead(shared_work *work) {
    ring ring = {.work = work, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    size_t bytes = (size_t)(AHEAD_BLOCKS + 1) * SKERRY_BLAKE3_BLOCK_BYTES;
    ring.buffers = aligned_alloc(BUFFER_ALIGNMENT, bytes);
    if (!ring.buffers) return false;
    pthread_t reader;
    bool started = start_thread(&reader, read_ahead, &ring);
    if (started) {
        hash_ahead(&ring, ring.buffers + (size_t)AHEAD_BLOCKS * SKERRY_BLAKE3_BLOCK_BYTES);
        pthread_join(reader, NULL);
    }
    free(ring.buffers);
    return started;
}

int skerry_blake3_blocks(const uint8_t *input, int descriptor, uint64_t offset, uint64_t length,
                         const uint8_t key[32], uint32_t mode, int threads, uint8_t *values) {
    shared_work work = {.input = input, .descriptor = descriptor, .offset = offset, .length = length, .key = key,
                        .mode = mode, .values = values};
    bool worth_reading_ahead = !input && length > (uint64_t)AHEAD_BLOCKS * SKERRY_BLAKE3_BLOCK_BYTES;
    if (threads <= 1 && worth_reading_ahead && hash_file_ahead(&work)) return atomic_load(&work.error);
    pthread_t started[SKERRY_BLAKE3_MAX_THREADS];
    int count = 0;
    if (threads > SKERRY_BLAKE3_MAX_THREADS) threads = SKERRY_BLAKE3_MAX_THREADS;
    while (count < threads - 1 && start_thread(&started[count], hash_blocks, &work)) count++;
    hash_blocks(&work);
    for (int i = 0; i < count; i++) pthread_join(started[i], NULL);
    return atomic_load(&work.error);
}
