// Compares every kernel of this processor with the portable one, and prints digests for a comparison across processors.
#include "CBlake3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { max_bytes = 3 * SKERRY_BLAKE3_BLOCK_BYTES + 7, parent_count = 67, group_count = 5 };

static const uint8_t key[32] = {0x67, 0xe6, 0x09, 0x6a, 0x85, 0xae, 0x67, 0xbb, 0x72, 0xf3, 0x6e, 0x3c, 0x3a, 0xf5, 0x4f, 0xa5,
                                0x7f, 0x52, 0x0e, 0x51, 0x8c, 0x68, 0x05, 0x9b, 0xab, 0xd9, 0x83, 0x1f, 0x19, 0xcd, 0xe0, 0x5b};

static uint8_t input[max_bytes];

static void digest(size_t length, uint8_t out[32]) {
    skerry_blake3_node last;
    skerry_blake3_tree(input, length, 0, key, 0, &last);
    skerry_blake3_node_root(&last, out, 32);
}

static void other_entries(uint8_t out[32 * (parent_count + group_count)]) {
    static uint8_t values[32 * parent_count] __attribute__((aligned(4)));
    skerry_blake3_parents(input, parent_count, key, 0, values);
    memcpy(out, values, sizeof values);
    const uint8_t *groups[group_count];
    for (int i = 0; i < group_count; i++) groups[i] = input + (size_t)(i * 2) * SKERRY_BLAKE3_GROUP_BYTES + (size_t)i;
    skerry_blake3_groups(groups, group_count, 32, key, 0, out + sizeof values);
}

static int differs(const char *kernel, size_t length) {
    uint8_t expected[32], found[32];
    if (skerry_blake3_select("portable") != 0) abort();
    digest(length, expected);
    if (skerry_blake3_select(kernel) != 0) abort();
    digest(length, found);
    if (memcmp(expected, found, 32) == 0) return 0;
    fprintf(stderr, "%s differs from portable at %zu bytes\n", kernel, length);
    return 1;
}

int main(void) {
    static const char *kernels[] = {"neon", "sse41", "avx2", "avx512"};
    static uint8_t expected[32 * (parent_count + group_count)], found[sizeof expected];
    for (size_t i = 0; i < max_bytes; i++) input[i] = (uint8_t)(i % 251);
    int failures = 0, checked = 0;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        if (skerry_blake3_select(kernels[k]) != 0) continue;
        for (size_t length = 0; length <= 9 * 1024 + 3; length++, checked++) failures += differs(kernels[k], length);
        for (size_t edge = 16384; edge <= max_bytes; edge += 16384)
            for (size_t length = edge - 1; length <= edge + 1 && length <= max_bytes; length++, checked++)
                failures += differs(kernels[k], length);
        if (skerry_blake3_select("portable") != 0) abort();
        other_entries(expected);
        if (skerry_blake3_select(kernels[k]) != 0) abort();
        other_entries(found);
        failures += memcmp(expected, found, sizeof found) != 0;
        fprintf(stderr, "%s: %d lengths compared with portable, %d differ\n", kernels[k], checked, failures);
    }
    for (size_t length = 0; length <= max_bytes; length = length * 5 + 1) {
        digest(length, found);
        printf("%zu ", length);
        for (int i = 0; i < 32; i++) printf("%02x", found[i]);
        printf("\n");
    }
    return failures != 0 || checked == 0;
}
