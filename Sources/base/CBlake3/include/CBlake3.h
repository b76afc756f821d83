/// BLAKE3 kernels: the parts of the hash that are worth compiling for each instruction set.
///
/// All keys, chaining values and digests are 32 bytes in the byte order of the specification. Nothing here keeps
/// pointers after it returns, and everything may be called from any thread.
#ifndef SKERRY_CBLAKE3_H
#define SKERRY_CBLAKE3_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// Bytes of a leaf of the tree.
#define SKERRY_BLAKE3_CHUNK_BYTES 1024
/// Bytes of the aligned subtrees that `skerry_blake3_blocks` works on.
#define SKERRY_BLAKE3_BLOCK_BYTES 262144
/// Bytes of the aligned subtrees that `skerry_blake3_groups` works on.
#define SKERRY_BLAKE3_GROUP_BYTES 16384
/// More threads than this are never started for one call.
#define SKERRY_BLAKE3_MAX_THREADS 256

/// Flags of the mode (specification, table 3); the flags of the tree's shape are set inside.
#define SKERRY_BLAKE3_KEYED_HASH 16u
#define SKERRY_BLAKE3_DERIVE_KEY_CONTEXT 32u
#define SKERRY_BLAKE3_DERIVE_KEY_MATERIAL 64u

/// The last compression of a tree before it is made: whether it is the root is decided by whoever holds it.
typedef struct {
    uint32_t chaining[8];
    uint32_t block[16];
    uint64_t counter;
    uint32_t length;
    uint32_t flags;
} skerry_blake3_node;

/// Name of the kernel in use: "portable", "neon", "sse41", "avx2" or "avx512".
const char *skerry_blake3_kernel(void);

/// Uses the named kernel from now on; 0 when this processor has it, -1 (and no change) otherwise.
int skerry_blake3_select(const char *name);

/// The tree over `length` bytes, of which the first belongs to chunk `first_chunk`; its last node goes to `last`.
///
/// The bytes must be a subtree of the whole: a power of two of chunks at a multiple of that, or the end of the input.
/// `input` may be NULL when there are none.
void skerry_blake3_tree(const uint8_t *input, size_t length, uint64_t first_chunk, const uint8_t key[32],
                        uint32_t mode, skerry_blake3_node *last);

/// The tree above `count` >= 2 chaining values of equal subtrees (the last one may be shorter).
///
/// `values` is scratch memory: 32 * `count` bytes that are overwritten.
void skerry_blake3_join(uint8_t *values, size_t count, const uint8_t key[32], uint32_t mode,
                        skerry_blake3_node *last);

/// The node as a chaining value of a larger tree.
void skerry_blake3_node_value(const skerry_blake3_node *node, uint8_t out[32]);

/// The node as the root: `length` bytes of output.
void skerry_blake3_node_root(const skerry_blake3_node *node, uint8_t *out, size_t length);

/// Chaining values of `count` parents, 32 bytes each; `pairs` are their children's values, 64 bytes a parent.
///
/// `values` is aligned to 4 bytes and may be `pairs`.
void skerry_blake3_parents(const uint8_t *pairs, size_t count, const uint8_t key[32], uint32_t mode, uint8_t *values);

/// Digests of `count` separate inputs of `length` <= 1024 bytes each, 32 bytes each; `digests` is aligned to 4 bytes.
///
/// Each input takes up whole blocks of 64 bytes, at least one, and is filled up with zeros, which are not hashed.
void skerry_blake3_many(const uint8_t *inputs, size_t length, size_t count, const uint8_t key[32], uint32_t mode,
                        uint8_t *digests);

/// Chaining values of `count` whole groups, 32 bytes each.
///
/// The groups follow each other in the input from chunk `first_chunk` on, but may lie anywhere in memory: those that
/// are neighbours there too are hashed together.
void skerry_blake3_groups(const uint8_t *const *groups, size_t count, uint64_t first_chunk, const uint8_t key[32],
                          uint32_t mode, uint8_t *values);

/// Chaining values of all blocks of an input of more than one block, 32 bytes each; up to `threads` threads hash
/// (the caller's is one of them).
///
/// The input is `input`, or when that is NULL the file `descriptor`, read with pread from `offset` on; one more
/// thread may then read ahead. Returns 0, an errno of a failed read, or -1 when the file ended early. Fewer threads
/// are used where more cannot be started.
int skerry_blake3_blocks(const uint8_t *input, int descriptor, uint64_t offset, uint64_t length,
                         const uint8_t key[32], uint32_t mode, int threads, uint8_t *values);

#if defined(__cplusplus)
}
#endif

#endif
