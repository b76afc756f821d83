// What the kernels share. Not a public header.
#ifndef SKERRY_CSTARK_INTERNAL_H
#define SKERRY_CSTARK_INTERNAL_H

#include "CStark.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Words are hashed in the processor's byte order, which must be little-endian."
#endif

#define P SKERRY_STARK_P
/// 1 / p mod 2^32.
#define P_INVERSE 0x81000001u
/// 2^32 mod p: what 1 is written as.
#define ONE 0x01fffffeu

/// The functions of CStark.h that depend on the instruction set.
typedef struct {
    const char *name;
    void (*permute)(uint32_t state[256]);
    void (*permute_one)(uint32_t state[16]);
    void (*links)(uint32_t words[128], uint64_t steps);
    void (*link)(uint32_t words[8], uint64_t steps);
    void (*inverse)(const skerry_stark_plan *, uint32_t *panel, uint32_t *scratch);
    void (*forward)(const skerry_stark_plan *, const skerry_stark_coset *, const uint32_t *coefficients,
                    uint32_t *panel, uint32_t *scratch);
    void (*evaluate)(const uint32_t *panel, size_t block_rows, const uint32_t *low, const uint32_t *high, size_t first,
                     size_t blocks, uint32_t out[80]);
    void (*combine)(const uint32_t *const *panels, int count, size_t stride, const uint32_t *weights, size_t first,
                    size_t rows, uint32_t *out);
    void (*sparse)(const uint32_t *points, const uint32_t *rows, size_t count, const uint32_t polynomial[5],
                   uint32_t sums[80]);
    void (*pack)(const uint32_t *elements, const uint32_t *const shifts[3], size_t first, size_t rows, uint32_t *panel);
    void (*halves)(const uint32_t *plus, const uint32_t *minus, const uint32_t *plus_shifts,
                   const uint32_t *minus_shifts, uint32_t low, uint32_t high, size_t first, size_t rows,
                   uint32_t *panel);
    void (*fri_leaves)(const uint32_t *layer, size_t leaves, size_t first, size_t count, uint32_t *out);
    void (*fri_fold)(const uint32_t *layer, size_t leaves, const skerry_stark_fold *, size_t first, size_t count,
                     uint32_t *next);
    void (*fri_fold_leaves)(const uint32_t *leaves, const uint32_t *inverses, const skerry_stark_fold *, size_t count,
                            uint32_t *next);
    void (*chain_rows)(uint32_t words[128], uint32_t *const panels[9], const uint64_t rows[16], uint32_t active,
                       uint64_t steps);
    void (*chain_quotient)(const skerry_stark_chain *, size_t first, size_t rows, uint32_t *out);
} stark_kernels;

/// What every processor of an architecture can do; on arm64 that is NEON.
extern const stark_kernels stark_portable;
#if defined(__x86_64__)
extern const stark_kernels stark_avx2, stark_avx512;
#endif

#endif
