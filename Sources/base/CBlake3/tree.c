#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Chunks that are hashed in one go before their parents; the chaining values of so many fit the stack well.
enum { BATCH_CHUNKS = SKERRY_BLAKE3_BLOCK_BYTES / SKERRY_BLAKE3_CHUNK_BYTES };
/// A thread that computes needs little; the default of 8 MiB would only be reserved in vain.
enum { WORKER_STACK_BYTES = 256 * 1024 };

void skerry_blake3_node_value(const skerry_blake3_node *node, uint8_t out[32]) {
    uint32_t words[16];
    blake3_compress(node->chaining, node->block, node->counter, node->length, node->flags, words);
    memcpy(out, words, 32);
}

void skerry_blake3_node_root(const skerry_blake3_node *node, uint8_t *out, size_t length) {
    for (uint64_t part = 0; length > 0; part++) {
        uint32_t words[16];
        size_t count = length < sizeof words ? length : sizeof words;
        blake3_compress(node->chaining, node->block, part, node->length, node->flags | ROOT, words);
        memcpy(out, words, count);
        out += count;
        length -= count;
    }
}

static void chunk_node(const uint8_t *input, size_t length, uint64_t chunk, const uint8_t key[32], uint32_t mode,
                       skerry_blake3_node *last) {
    uint32_t chaining[16], block[16];
    uint32_t start = CHUNK_START;
    memcpy(chaining, key, 32);
    for (; length > BLOCK_BYTES; length -= BLOCK_BYTES, input += BLOCK_BYTES) {
        memcpy(block, input, BLOCK_BYTES);
        blake3_compress(chaining, block, chunk, BLOCK_BYTES, mode | start, chaining);
        start = 0;
    }
    memcpy(last->chaining, chaining, 32);
    memset(last->block, 0, sizeof last->block);
    if (length > 0) memcpy(last->block, input, length);
    last->counter = chunk;
    last->length = (uint32_t)length;
    last->flags = mode | start | CHUNK_END;
}

static void parent_node(const void *children, const uint8_t key[32], uint32_t mode, skerry_blake3_node *last) {
    memcpy(last->chaining, key, 32);
    memcpy(last->block, children, sizeof last->block);
    last->counter = 0;
    last->length = BLOCK_BYTES;
    last->flags = mode | PARENT;
}

/// Pairs neighbours level by level; an odd last value moves up as it is, which gives the same tree as splitting at
/// the largest power of two. Writes each level over the one below: a parent lands before the children that are still
/// to be read, and within one kernel call all inputs are read before the outputs are written.
static void join(uint32_t *values, size_t count, const uint8_t key[32], uint32_t mode, skerry_blake3_node *last) {
    pieces work = {.input = (const uint8_t *)values, .stride = BLOCK_BYTES, .blocks = 1, .flags = mode | PARENT,
                   .out = values};
    memcpy(work.key, key, 32);
    while (count > 2) {
        blake3_hash_pieces(&work, count / 2);
        if (count % 2) memmove(values + count / 2 * VALUE_WORDS, values + (count - 1) * VALUE_WORDS, 32);
        count = count / 2 + count % 2;
    }
    parent_node(values, key, mode, last);
}

void skerry_blake3_join(uint8_t *values, size_t count, const uint8_t key[32], uint32_t mode,
                        skerry_blake3_node *last) {
    join((uint32_t *)(void *)values, count, key, mode, last);
}

/// A tree of at most BATCH_CHUNKS chunks.
static void batch_tree(const uint8_t *input, size_t length, uint64_t first_chunk, const uint8_t key[32],
                       uint32_t mode, skerry_blake3_node *last) {
    uint32_t values[BATCH_CHUNKS * VALUE_WORDS] __attribute__((aligned(64)));
    size_t whole = length / SKERRY_BLAKE3_CHUNK_BYTES, rest = length % SKERRY_BLAKE3_CHUNK_BYTES;
    pieces work = {.input = input, .stride = SKERRY_BLAKE3_CHUNK_BYTES,
                   .blocks = SKERRY_BLAKE3_CHUNK_BYTES / BLOCK_BYTES, .counter = first_chunk, .counter_step = 1,
                   .flags = mode, .first_flags = CHUNK_START, .last_flags = CHUNK_END, .out = values};
    memcpy(work.key, key, 32);
    blake3_hash_pieces(&work, whole);
    if (rest > 0) {
        chunk_node(input + whole * SKERRY_BLAKE3_CHUNK_BYTES, rest, first_chunk + whole, key, mode, last);
        skerry_blake3_node_value(last, (uint8_t *)(values + whole * VALUE_WORDS));
        whole++;
    }
    join(values, whole, key, mode, last);
}

void skerry_blake3_tree(const uint8_t *input, size_t length, uint64_t first_chunk, const uint8_t key[32],
                        uint32_t mode, skerry_blake3_node *last) {
    if (length <= SKERRY_BLAKE3_CHUNK_BYTES) {
        chunk_node(input, length, first_chunk, key, mode, last);
        return;
    }
    if (length <= SKERRY_BLAKE3_BLOCK_BYTES) {
        batch_tree(input, length, first_chunk, key, mode, last);
        return;
    }
    size_t left = SKERRY_BLAKE3_BLOCK_BYTES;
    while (left < length - left) left *= 2;
    uint8_t children[64];
    skerry_blake3_tree(input, left, first_chunk, key, mode, last);
    skerry_blake3_node_value(last, children);
    skerry_blake3_tree(input + left, length - left, first_chunk + left / SKERRY_BLAKE3_CHUNK_BYTES, key, mode, last);
    skerry_blake3_node_value(last, children + 32);
    parent_node(children, key, mode, last);
}

/// Work that several threads take block by block.
typedef struct {
    const uint8_t *input;
    int descriptor;
    uint64_t length;
    const uint8_t *key;
    uint32_t mode;
    uint8_t *values;
    atomic_ullong next;
    atomic_int error;
} shared_work;

/// Reads exactly `length` bytes; 0, an errno, or -1 at the end of the file.
static int read_fully(int descriptor, uint8_t *into, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t count = pread(descriptor, into, length, (off_t)offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno;
        if (count == 0) return -1;
        into += count;
        offset += (uint64_t)count;
        length -= (size_t)count;
    }
    return 0;
}

static void *hash_blocks(void *argument) {
    shared_work *work = argument;
    uint8_t *buffer = work->input ? NULL : malloc(SKERRY_BLAKE3_BLOCK_BYTES);
    if (!work->input && !buffer) {
        atomic_store(&work->error, ENOMEM);
        return NULL;
    }
    while (atomic_load_explicit(&work->error, memory_order_relaxed) == 0) {
        uint64_t index = atomic_fetch_add(&work->next, 1);
        uint64_t offset = index * SKERRY_BLAKE3_BLOCK_BYTES;
        if (offset >= work->length) break;
        uint64_t left = work->length - offset;
        size_t length = left < SKERRY_BLAKE3_BLOCK_BYTES ? (size_t)left : SKERRY_BLAKE3_BLOCK_BYTES;
        const uint8_t *block = work->input ? work->input + offset : buffer;
        if (!work->input) {
            int error = read_fully(work->descriptor, buffer, length, offset);
            if (error != 0) {
                atomic_store(&work->error, error);
                break;
            }
        }
        skerry_blake3_node node;
        skerry_blake3_tree(block, length, index * BATCH_CHUNKS, work->key, work->mode, &node);
        skerry_blake3_node_value(&node, work->values + index * 32);
    }
    free(buffer);
    return NULL;
}

int skerry_blake3_blocks(const uint8_t *input, int descriptor, uint64_t length, const uint8_t key[32], uint32_t mode,
                         int threads, uint8_t *values) {
    shared_work work = {.input = input, .descriptor = descriptor, .length = length, .key = key, .mode = mode,
                        .values = values};
    pthread_t started[SKERRY_BLAKE3_MAX_THREADS];
    int count = 0;
    if (threads > SKERRY_BLAKE3_MAX_THREADS) threads = SKERRY_BLAKE3_MAX_THREADS;
    pthread_attr_t attributes;
    if (threads > 1 && pthread_attr_init(&attributes) == 0) {
        pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
        while (count < threads - 1 && pthread_create(&started[count], &attributes, hash_blocks, &work) == 0) count++;
        pthread_attr_destroy(&attributes);
    }
    hash_blocks(&work);
    for (int i = 0; i < count; i++) pthread_join(started[i], NULL);
    return atomic_load(&work.error);
}
