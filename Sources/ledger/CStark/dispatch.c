#include "internal.h"
#include "poseidon_constants.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/// From slow to fast.
static const stark_kernels *const kernels[] = {
    &stark_portable,
#if defined(__x86_64__)
    &stark_avx2,
    &stark_avx512,
#endif
};
enum { KERNEL_COUNT = sizeof kernels / sizeof kernels[0] };

static atomic_int level;
static pthread_once_t level_once = PTHREAD_ONCE_INIT;

static int best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq"))
        return 2;
    return __builtin_cpu_supports("avx2") ? 1 : 0;
#else
    return 0;
#endif
}

static int level_named(const char *name) {
    for (int i = 0; i < KERNEL_COUNT; i++)
        if (strcmp(kernels[i]->name, name) == 0) return i;
    return -1;
}

static void choose_level(void) {
    int best = best_level();
    const char *wish = getenv("SKERRY_STARK");
    int wished = wish ? level_named(wish) : -1;
    atomic_store(&level, wished >= 0 && wished < best ? wished : best);
}

static const stark_kernels *current(void) {
    pthread_once(&level_once, choose_level);
    return kernels[atomic_load_explicit(&level, memory_order_relaxed)];
}

const char *skerry_stark_kernel(void) { return current()->name; }

int skerry_stark_select(const char *name) {
    current();
    int wished = level_named(name);
    if (wished < 0 || wished > best_level()) return -1;
    atomic_store(&level, wished);
    return 0;
}

const uint32_t *skerry_stark_poseidon_initial(void) { return poseidon_initial; }
const uint32_t *skerry_stark_poseidon_first(void) { return poseidon_first; }
const uint32_t *skerry_stark_poseidon_final(void) { return poseidon_final; }
const uint32_t *skerry_stark_poseidon_pre(void) { return poseidon_pre; }
const uint32_t *skerry_stark_poseidon_sparse_row(void) { return poseidon_sparse_row; }
const uint32_t *skerry_stark_poseidon_sparse_column(void) { return poseidon_sparse_column; }

void skerry_stark_permute(uint32_t state[256]) { current()->permute(state); }
void skerry_stark_permute_one(uint32_t state[16]) { current()->permute_one(state); }
void skerry_stark_links(uint32_t words[128], uint64_t steps) { current()->links(words, steps); }
void skerry_stark_link(uint32_t words[8], uint64_t steps) { current()->link(words, steps); }

void skerry_stark_inverse(const skerry_stark_plan *plan, uint32_t *panel, uint32_t *scratch) {
    current()->inverse(plan, panel, scratch);
}

void skerry_stark_forward(const skerry_stark_plan *plan, const skerry_stark_coset *coset, const uint32_t *coefficients,
                          uint32_t *panel, uint32_t *scratch) {
    current()->forward(plan, coset, coefficients, panel, scratch);
}

void skerry_stark_evaluate(const uint32_t *panel, size_t block_rows, const uint32_t *low, const uint32_t *high,
                           size_t first, size_t blocks, uint32_t out[80]) {
    current()->evaluate(panel, block_rows, low, high, first, blocks, out);
}

void skerry_stark_combine(const uint32_t *const *panels, int count, size_t stride, const uint32_t *weights, size_t first,
                          size_t rows, uint32_t *out) {
    current()->combine(panels, count, stride, weights, first, rows, out);
}

void skerry_stark_sparse(const uint32_t *points, const uint32_t *rows, size_t count, const uint32_t polynomial[5],
                         uint32_t sums[80]) {
    current()->sparse(points, rows, count, polynomial, sums);
}

void skerry_stark_pack(const uint32_t *elements, const uint32_t *const shifts[3], size_t first, size_t rows,
                       uint32_t *panel) {
    current()->pack(elements, shifts, first, rows, panel);
}

void skerry_stark_halves(const uint32_t *plus, const uint32_t *minus, const uint32_t *plus_shifts,
                         const uint32_t *minus_shifts, uint32_t low, uint32_t high, size_t first, size_t rows,
                         uint32_t *panel) {
    current()->halves(plus, minus, plus_shifts, minus_shifts, low, high, first, rows, panel);
}

void skerry_stark_fri_leaves(const uint32_t *layer, size_t leaves, size_t first, size_t count, uint32_t *out) {
    current()->fri_leaves(layer, leaves, first, count, out);
}

void skerry_stark_fri_fold(const uint32_t *layer, size_t leaves, const skerry_stark_fold *fold, size_t first,
                           size_t count, uint32_t *next) {
    current()->fri_fold(layer, leaves, fold, first, count, next);
}

void skerry_stark_fri_fold_leaves(const uint32_t *leaves, const uint32_t *inverses, const skerry_stark_fold *fold,
                                  size_t count, uint32_t *next) {
    current()->fri_fold_leaves(leaves, inverses, fold, count, next);
}

void skerry_stark_chain_rows(uint32_t words[128], uint32_t *const panels[9], const uint64_t rows[16], uint32_t active,
                             uint64_t steps) {
    current()->chain_rows(words, panels, rows, active, steps);
}

void skerry_stark_chain_quotient(const skerry_stark_chain *chain, size_t first, size_t rows, uint32_t *out) {
    current()->chain_quotient(chain, first, rows, out);
}
