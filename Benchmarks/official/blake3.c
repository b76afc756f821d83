// The official C implementation on memory of its own: `run` links it with the sources of Debian's librust-blake3-dev,
// without their AVX-512 kernel, as the peer of ours on AVX2 alone.
//
// blake3 BYTES: reads one block of noise from standard input, fills its memory with it as the benchmark does, and hashes
// all of it at every line; answers seconds, processor seconds and the digest.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blake3.h"

enum { block_bytes = 256 << 10 };

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    size_t size = count == 2 ? strtoull(arguments[1], NULL, 10) : 0;
    uint8_t *memory = size >= block_bytes ? malloc(size) : NULL;
    static uint8_t noise[block_bytes];
    if (memory == NULL || fread(noise, 1, block_bytes, stdin) != block_bytes) {
        fprintf(stderr, "usage: blake3 BYTES, with a block of noise on standard input\n");
        return 64;
    }
    for (size_t index = 0; index < size / block_bytes; index++) {
        uint8_t *block = memory + index * block_bytes;
        memcpy(block, noise, block_bytes);
        for (int byte = 0; byte < 8; byte++) block[byte] = (uint8_t)((uint64_t)(index ^ 1) >> (56 - 8 * byte));
    }
    puts("ready");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        double start = seconds(CLOCK_MONOTONIC), before = seconds(CLOCK_PROCESS_CPUTIME_ID);
        uint8_t digest[BLAKE3_OUT_LEN];
        blake3_hasher hasher;
        blake3_hasher_init(&hasher);
        blake3_hasher_update(&hasher, memory, size);
        blake3_hasher_finalize(&hasher, digest, sizeof digest);
        printf("%.9f %.9f ", seconds(CLOCK_MONOTONIC) - start, seconds(CLOCK_PROCESS_CPUTIME_ID) - before);
        for (size_t index = 0; index < sizeof digest; index++) printf("%02x", digest[index]);
        putchar('\n');
        fflush(stdout);
    }
    return 0;
}
