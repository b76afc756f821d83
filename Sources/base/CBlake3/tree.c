#include "internal.h"

#include <string.h>

/// Chunks that are hashed in one go before their parents; the chaining values of so many fit the stack well.
enum { BATCH_CHUNKS = SKERRY_BLAKE3_BLOCK_BYTES / SKERRY_BLAKE3_CHUNK_BYTES };
enum { GROUP_CHUNKS = SKERRY_BLAKE3_GROUP_BYTES / SKERRY_BLAKE3_CHUNK_BYTES };

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

static pieces parents(const uint8_t *pairs, const uint8_t key[32], uint32_t mode, uint32_t *values) {
    pieces work = {.input = pairs, .stride = BLOCK_BYTES, .blocks = 1, .last_length = BLOCK_BYTES,
                   .flags = mode | PARENT, .out = values};
    memcpy(work.key, key, 32);
    return work;
}

void skerry_blake3_parents(const uint8_t *pairs, size_t count, const uint8_t key[32], uint32_t mode,
                           uint8_t *values) {
    pieces work = parents(pairs, key, mode, (uint32_t *)(void *)values);
    blake3_hash_pieces(&work, count);
}

/// Pairs neighbours level by level; an odd last value moves up as it is, which gives the same tree as splitting at
/// the largest power of two. Writes each level over the one below: a parent lands before the children that are still
/// to be read, and within one kernel call all inputs are read before the outputs are written.
static void join(uint32_t *values, size_t count, const uint8_t key[32], uint32_t mode, skerry_blake3_node *last) {
    pieces work = parents((const uint8_t *)values, key, mode, values);
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

static pieces whole_chunks(const uint8_t *input, uint64_t first_chunk, const uint8_t key[32], uint32_t mode,
                           uint32_t *values) {
    pieces work = {.input = input, .stride = SKERRY_BLAKE3_CHUNK_BYTES,
                   .blocks = SKERRY_BLAKE3_CHUNK_BYTES / BLOCK_BYTES, .counter = first_chunk, .counter_step = 1,
                   .last_length = BLOCK_BYTES, .flags = mode, .first_flags = CHUNK_START, .last_flags = CHUNK_END, .out = values};
    memcpy(work.key, key, 32);
    return work;
}

/// A tree of at most BATCH_CHUNKS chunks.
static void batch_tree(const uint8_t *input, size_t length, uint64_t first_chunk, const uint8_t key[32],
                       uint32_t mode, skerry_blake3_node *last) {
    uint32_t values[BATCH_CHUNKS * VALUE_WORDS] __attribute__((aligned(64)));
    size_t whole = length / SKERRY_BLAKE3_CHUNK_BYTES, rest = length % SKERRY_BLAKE3_CHUNK_BYTES;
    pieces work = whole_chunks(input, first_chunk, key, mode, values);
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

/// At most BATCH_CHUNKS / GROUP_CHUNKS groups: neighbours in memory fill the lanes together, and so do the parents of
/// all of them.
static void batch_groups(const uint8_t *const *groups, size_t count, uint64_t first_chunk, const uint8_t key[32],
                         uint32_t mode, uint8_t *out) {
    uint32_t values[BATCH_CHUNKS * VALUE_WORDS] __attribute__((aligned(64)));
    for (size_t start = 0, end; start < count; start = end) {
        end = start + 1;
        while (end < count && groups[end] == groups[end - 1] + SKERRY_BLAKE3_GROUP_BYTES) end++;
        size_t chunk = start * GROUP_CHUNKS;
        pieces work = whole_chunks(groups[start], first_chunk + chunk, key, mode, values + chunk * VALUE_WORDS);
        if (end < count) work.gap = (uintptr_t)groups[end] - (uintptr_t)groups[end - 1] - SKERRY_BLAKE3_GROUP_BYTES;
        blake3_hash_pieces(&work, (end - start) * GROUP_CHUNKS);
    }
    pieces work = parents((const uint8_t *)values, key, mode, values);
    for (size_t left = count * GROUP_CHUNKS; left > count; left /= 2) blake3_hash_pieces(&work, left / 2);
    memcpy(out, values, count * 32);
}

void skerry_blake3_groups(const uint8_t *const *groups, size_t count, uint64_t first_chunk, const uint8_t key[32],
                          uint32_t mode, uint8_t *values) {
    while (count > 0) {
        size_t batch = count < BATCH_CHUNKS / GROUP_CHUNKS ? count : BATCH_CHUNKS / GROUP_CHUNKS;
        batch_groups(groups, batch, first_chunk, key, mode, values);
        groups += batch;
        count -= batch;
        first_chunk += batch * GROUP_CHUNKS;
        values += batch * 32;
    }
}

void skerry_blake3_many(const uint8_t *inputs, size_t length, size_t count, const uint8_t key[32], uint32_t mode,
                        uint8_t *digests) {
    size_t blocks = length <= BLOCK_BYTES ? 1 : (length + BLOCK_BYTES - 1) / BLOCK_BYTES;
    pieces work = {.input = inputs, .stride = blocks * BLOCK_BYTES, .blocks = (int)blocks,
                   .last_length = (uint32_t)(length - (blocks - 1) * BLOCK_BYTES), .flags = mode,
                   .first_flags = CHUNK_START, .last_flags = CHUNK_END | ROOT, .out = (uint32_t *)(void *)digests};
    memcpy(work.key, key, 32);
    blake3_hash_pieces(&work, count);
}
