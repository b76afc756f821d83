// Prints what the proof system's kernels give for fixed inputs, a line each, for comparison between processors.
#include "CStark.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 1;

static uint32_t word(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 20) % SKERRY_STARK_P);
}

static uint32_t *words(size_t count) {
    uint32_t *buffer = aligned_alloc(64, (count * sizeof(uint32_t) + 63) / 64 * 64);
    for (size_t i = 0; i < count; i++) buffer[i] = i % 97 == 0 ? SKERRY_STARK_P - 1 : word();
    return buffer;
}

/// A digest is enough to compare by.
static void line(const char *name, const uint32_t *values, size_t count) {
    uint64_t digest = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) digest = (digest ^ values[i]) * 0x100000001b3u;
    printf("%s %016llx\n", name, (unsigned long long)digest);
}

int main(void) {
    enum { LOG_A = 3, LOG_B = 3, ROWS = 64 };
    uint32_t *permuted = words(256), *one = words(16), *links = words(128), *link = words(8);
    skerry_stark_permute(permuted);
    skerry_stark_permute_one(one);
    skerry_stark_links(links, 3);
    skerry_stark_link(link, 3);
    line("permute", permuted, 256);
    line("permute_one", one, 16);
    line("links", links, 128);
    line("link", link, 8);

    uint32_t *panels[10];
    for (int i = 0; i < 10; i++) panels[i] = words(16 * ROWS);
    uint32_t *scratch = words(SKERRY_STARK_SCRATCH_WORDS(LOG_A)), *out = words(16 * ROWS);
    skerry_stark_plan plan = {LOG_A, LOG_B, words(8), words(8), words(8), words(ROWS)};
    skerry_stark_coset coset = {words(8), words(ROWS)};
    skerry_stark_inverse(&plan, panels[0], scratch);
    line("inverse", panels[0], 16 * ROWS);
    skerry_stark_forward(&plan, &coset, panels[1], out, scratch);
    line("forward", out, 16 * ROWS);

    uint32_t *weights = words(5 * 160), values[80], *elements = words(8 * ROWS);
    skerry_stark_evaluate(panels[2], 8, weights, weights + 40, 1, 7, values);
    line("evaluate", values, 80);
    skerry_stark_sparse(panels[3], panels[2], ROWS, weights, values);
    line("sparse", values, 80);
    skerry_stark_combine((const uint32_t *const *)panels, 10, 16, weights, 0, ROWS, elements);
    line("combine", elements, 8 * ROWS);
    const uint32_t *shifts[3] = {panels[3], panels[4], NULL};
    skerry_stark_pack(elements, shifts, 0, ROWS, out);
    line("pack", out, 16 * ROWS);
    skerry_stark_halves(panels[5], panels[6], panels[7], panels[8], 77, 99, 0, ROWS, out);
    line("halves", out, 16 * ROWS);
    uint32_t *leaves = words(48 * 16);
    skerry_stark_fri_leaves(panels[1], 16, 0, 16, leaves);
    line("fri_leaves", leaves, 48 * 16);
    skerry_stark_fold fold = {word(), word(), {word(), word(), word(), word()}, word(), {0}};
    for (int i = 0; i < 15; i++) fold.challenges[i] = word();
    skerry_stark_fri_fold(panels[1], 16, &fold, 0, 16, out);
    line("fri_fold", out, 80);
    skerry_stark_fri_fold_leaves(leaves, panels[4], &fold, 16, out);
    line("fri_fold_leaves", out, 128);
    uint64_t rows[16];
    for (int i = 0; i < 16; i++) rows[i] = 4 * (uint64_t)i;
    skerry_stark_chain_rows(links, panels, rows, 0xffff, 4);
    line("chain_rows", links, 128);
    for (int i = 0; i < 9; i++) line("  cells", panels[i], 16 * ROWS);
    skerry_stark_chain chain = {.public_panel = panels[9], .rows = ROWS, .weights = weights,
                                .link_weights = weights + 100, .inverse_vanishing = word()};
    for (int i = 0; i < 9; i++) chain.panels[i] = panels[i];
    skerry_stark_chain_quotient(&chain, 0, ROWS, out);
    line("chain_quotient", out, 16 * ROWS);
    return 0;
}
