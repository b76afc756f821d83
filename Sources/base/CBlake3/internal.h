// What the kernels and the tree share. Not a public header.
#ifndef SKERRY_CBLAKE3_INTERNAL_H
#define SKERRY_CBLAKE3_INTERNAL_H

#include "CBlake3.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The kernels read message words in the processor's byte order, which must be little-endian."
#endif

enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };
enum { BLOCK_BYTES = 64, VALUE_WORDS = 8 };

#define IV_WORDS                                                                                            \
    0x6A09E667u, 0xBB67AE85u, 0x3C6EF372u, 0xA54FF53Au, 0x510E527Fu, 0x9B05688Cu, 0x1F83D9ABu, 0x5BE0CD19u

/// Order in which each round takes the message words: the specification's permutation, applied 0 to 6 times.
static const uint8_t SCHEDULE[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1},
    {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4},
    {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13},
};

/// What to hash in equal pieces: `blocks` 64-byte blocks each, `stride` bytes apart.
typedef struct {
    const uint8_t *input;
    size_t stride;
    int blocks;
    /// Bytes between these pieces and those that will be hashed next, if that is known: where to ask for data ahead.
    size_t gap;
    uint32_t key[8];
    /// Counter of the first piece, and what is added from piece to piece: 1 for chunks, 0 for parents.
    uint64_t counter;
    int counter_step;
    /// Bytes of a piece's last block that are input; the rest of the 64 is zeros.
    uint32_t last_length;
    /// Flags of all blocks, and those that the first and the last block of a piece have besides.
    uint32_t flags, first_flags, last_flags;
    /// Chaining values, 8 words a piece.
    uint32_t *out;
} pieces;

/// Hashes the pieces `first` to `first + LANES * BATCHES - 1`.
typedef void kernel_function(const pieces *work, size_t first);

#if defined(__x86_64__)
kernel_function blake3_sse41_4, blake3_avx2_8, blake3_avx512_16, blake3_avx512_32;
#elif defined(__aarch64__)
kernel_function blake3_neon_4;
#endif

/// One compression; `out` gets the 16 words of the extended output.
void blake3_compress(const uint32_t chaining[8], const uint32_t block[16], uint64_t counter, uint32_t length,
                     uint32_t flags, uint32_t out[16]);

/// Hashes `count` pieces with the fastest kernels in use.
void blake3_hash_pieces(const pieces *work, size_t count);

#endif
