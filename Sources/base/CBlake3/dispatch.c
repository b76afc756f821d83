#include "internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static inline uint32_t rotate(uint32_t value, int bits) { return (value >> bits) | (value << (32 - bits)); }

static inline void quarter_round(uint32_t v[16], int a, int b, int c, int d, uint32_t x, uint32_t y) {
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 7);
}

void blake3_compress(const uint32_t chaining[8], const uint32_t block[16], uint64_t counter, uint32_t length,
                     uint32_t flags, uint32_t out[16]) {
    const uint32_t iv[8] = {IV_WORDS};
    uint32_t v[16] = {chaining[0], chaining[1], chaining[2], chaining[3],
                      chaining[4], chaining[5], chaining[6], chaining[7],
                      iv[0], iv[1], iv[2], iv[3], (uint32_t)counter, (uint32_t)(counter >> 32), length, flags};
#pragma clang loop unroll(full)
    for (int round = 0; round < 7; round++) {
        const uint8_t *s = SCHEDULE[round];
        quarter_round(v, 0, 4, 8, 12, block[s[0]], block[s[1]]);
        quarter_round(v, 1, 5, 9, 13, block[s[2]], block[s[3]]);
        quarter_round(v, 2, 6, 10, 14, block[s[4]], block[s[5]]);
        quarter_round(v, 3, 7, 11, 15, block[s[6]], block[s[7]]);
        quarter_round(v, 0, 5, 10, 15, block[s[8]], block[s[9]]);
        quarter_round(v, 1, 6, 11, 12, block[s[10]], block[s[11]]);
        quarter_round(v, 2, 7, 8, 13, block[s[12]], block[s[13]]);
        quarter_round(v, 3, 4, 9, 14, block[s[14]], block[s[15]]);
    }
    uint32_t result[16];
    for (int i = 0; i < 8; i++) {
        result[i] = v[i] ^ v[i + 8];
        result[i + 8] = v[i + 8] ^ chaining[i];
    }
    memcpy(out, result, sizeof result);
}

static void hash_piece(const pieces *work, size_t index) {
    const uint8_t *input = work->input + index * work->stride;
    uint64_t counter = work->counter + index * (uint64_t)work->counter_step;
    uint32_t chaining[16], block[16];
    memcpy(chaining, work->key, sizeof work->key);
    for (int i = 0; i < work->blocks; i++) {
        memcpy(block, input + (size_t)i * BLOCK_BYTES, sizeof block);
        uint32_t flags = work->flags | (i == 0 ? work->first_flags : 0)
                         | (i == work->blocks - 1 ? work->last_flags : 0);
        uint32_t length = i == work->blocks - 1 ? work->last_length : BLOCK_BYTES;
        blake3_compress(chaining, block, counter, length, flags, chaining);
    }
    memcpy(work->out + index * VALUE_WORDS, chaining, 32);
}

/// Kernels from slow to fast; each one also uses those before it for what does not fill its lanes.
typedef struct {
    const char *name;
    size_t widths[2];
    kernel_function *functions[2];
} kernel;

static const kernel kernels[] = {
    {"portable", {0, 0}, {NULL, NULL}},
#if defined(__x86_64__)
    {"sse41", {4, 0}, {blake3_sse41_4, NULL}},
    {"avx2", {8, 0}, {blake3_avx2_8, NULL}},
    {"avx512", {32, 16}, {blake3_avx512_32, blake3_avx512_16}},
#elif defined(__aarch64__)
    {"neon", {4, 0}, {blake3_neon_4, NULL}},
#endif
};
enum { KERNEL_COUNT = sizeof kernels / sizeof kernels[0] };

static atomic_int level;
static pthread_once_t level_once = PTHREAD_ONCE_INIT;

static int best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2"))
        return 3;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return 2;
    return __builtin_cpu_supports("sse4.1") ? 1 : 0;
#else
    return KERNEL_COUNT - 1;
#endif
}

static int level_named(const char *name) {
    for (int i = 0; i < KERNEL_COUNT; i++)
        if (strcmp(kernels[i].name, name) == 0) return i;
    return -1;
}

static void choose_level(void) {
    int best = best_level();
    const char *wish = getenv("SKERRY_BLAKE3");
    int wished = wish ? level_named(wish) : -1;
    atomic_store(&level, wished >= 0 && wished < best ? wished : best);
}

static int current_level(void) {
    pthread_once(&level_once, choose_level);
    return atomic_load_explicit(&level, memory_order_relaxed);
}

const char *skerry_blake3_kernel(void) { return kernels[current_level()].name; }

int skerry_blake3_select(const char *name) {
    current_level();
    int wished = level_named(name);
    if (wished < 0 || wished > best_level()) return -1;
    atomic_store(&level, wished);
    return 0;
}

void blake3_hash_pieces(const pieces *work, size_t count) {
    size_t done = 0;
    for (int i = current_level(); i > 0; i--) {
        for (int j = 0; j < 2 && kernels[i].functions[j]; j++) {
            size_t width = kernels[i].widths[j];
            for (; count - done >= width; done += width) kernels[i].functions[j](work, done);
        }
    }
    for (; done < count; done++) hash_piece(work, done);
}
