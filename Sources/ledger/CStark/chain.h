// Chains of links: h(x) = first 8 words of Poseidon1(x, domain, 0, ...).

#define LINK_DOMAIN ((uint32_t)(((uint64_t)SKERRY_STARK_LINK_DOMAIN << 32) % P))

static TARGET void LOCAL(permute_16)(uint32_t state[256]) {
    for (int part = 0; part < PARTS; part++) {
        vec s[16];
        UNROLL for (int i = 0; i < 16; i++) s[i] = load(state + 16 * i + LANES * part);
        LOCAL(permute)(s);
        UNROLL for (int i = 0; i < 16; i++) store(state + 16 * i + LANES * part, s[i]);
    }
}

static TARGET void LOCAL(links)(uint32_t words[128], uint64_t steps) {
    for (int part = 0; part < PARTS; part++) {
        vec s[16];
        UNROLL for (int i = 0; i < 8; i++) s[i] = load(words + 16 * i + LANES * part);
        for (uint64_t step = 0; step < steps; step++) {
            s[8] = all(LINK_DOMAIN);
            UNROLL for (int i = 9; i < 16; i++) s[i] = all(0);
            LOCAL(permute)(s);
        }
        UNROLL for (int i = 0; i < 8; i++) store(words + 16 * i + LANES * part, s[i]);
    }
}

static TARGET void LOCAL(link)(uint32_t words[8], uint64_t steps) {
    uint32_t state[16];
    __builtin_memcpy(state, words, 32);
    for (uint64_t step = 0; step < steps; step++) {
        state[8] = LINK_DOMAIN;
        for (int i = 9; i < 16; i++) state[i] = 0;
        LOCAL(permute_one)(state);
    }
    __builtin_memcpy(words, state, 32);
}

// A step of a chain as a row of 140 cells, in nine panels:
//   0 to 63     states after the four full rounds at the begin (the fourth after the dense matrix)
//   64 to 111   states after the first three full rounds at the end
//   112 to 131  what the S-boxes of the partial rounds give
//   132 to 139  the link that the step ends with
// and four zeros.

enum { LOCAL(cells) = 144 };

INLINE void step_cells(vec s[16], vec cells[144]) {
    s[8] = all(LINK_DOMAIN);
    UNROLL for (int i = 9; i < 16; i++) s[i] = all(0);
    for (int r = 0; r < 4; r++) {
        substitute(s, poseidon_initial + 16 * r);
        if (r < 3) mix(s);
        else mix_dense(s);
        UNROLL for (int i = 0; i < 16; i++) cells[16 * r + i] = s[i];
    }
    for (int r = 0; r < 20; r++) {
        vec t = cube(add(s[0], all(poseidon_first[r])));
        cells[112 + r] = t;
        mix_sparse(s, t, r);
    }
    for (int r = 0; r < 4; r++) {
        substitute(s, poseidon_final + 16 * r);
        mix(s);
        if (r < 3) UNROLL for (int i = 0; i < 16; i++) cells[64 + 16 * r + i] = s[i];
    }
    UNROLL for (int i = 0; i < 8; i++) cells[132 + i] = s[i];
    UNROLL for (int i = 140; i < 144; i++) cells[i] = all(0);
}

static TARGET void LOCAL(chain_rows)(uint32_t words[128], uint32_t *const panels[9], const uint64_t rows[16],
                                     uint32_t active, uint64_t steps) {
    for (int part = 0; part < PARTS; part++) {
        uint32_t lanes = active >> (LANES * part) & (uint32_t)((1ull << LANES) - 1);
        if (!lanes) continue;
        vec s[16], cells[144];
        UNROLL for (int i = 0; i < 8; i++) s[i] = load(words + 16 * i + LANES * part);
        for (uint64_t step = 0; step < steps; step++) {
            step_cells(s, cells);
            for (int panel = 0; panel < 9; panel++) {
                for (int half = 0; half < PARTS; half++) {
                    vec t[LANES];
                    UNROLL for (int i = 0; i < LANES; i++) t[i] = cells[16 * panel + LANES * half + i];
                    transpose(t);
                    UNROLL for (int i = 0; i < LANES; i++)
                        if (lanes >> i & 1)
                            store(panels[panel] + 16 * (rows[LANES * part + i] + step) + LANES * half, t[i]);
                }
            }
        }
        UNROLL for (int i = 0; i < 8; i++) store(words + 16 * i + LANES * part, s[i]);
    }
}

static TARGET void LOCAL(chain_quotient)(const skerry_stark_chain *chain, size_t first, size_t rows, uint32_t *out) {
    const uint32_t *weights = chain->weights, *link_weights = chain->link_weights;
    for (size_t row = first; row < first + rows; row += LANES) {
        vec cells[144], before[16], public[16];
        for (int p = 0; p < 9; p++) load_rows(cells + 16 * p, chain->panels[p] + 16 * row, 16);
        if (row) {
            load_rows(before, chain->panels[8] + 16 * (row - 1), 16);
        } else {
            uint32_t turned[16 * LANES];
            __builtin_memcpy(turned, chain->panels[8] + 16 * (chain->rows - 1), 64);
            __builtin_memcpy(turned + 16, chain->panels[8], 64 * (LANES - 1));
            load_rows(before, turned, 16);
        }
        load_rows(public, chain->public_panel + 16 * row, 16);

        vec total[5] = {}, s[16];
        UNROLL for (int i = 0; i < 8; i++) s[i] = add(before[4 + i], public[i]);
        s[8] = all(LINK_DOMAIN);
        UNROLL for (int i = 9; i < 16; i++) s[i] = all(0);
        for (int r = 0; r < 4; r++) {
            split c[16];
            substitute(s, poseidon_initial + 16 * r);
            if (r < 3) {
                mix_difference(s, cells + 16 * r, c, 16);
            } else {
                mix_dense(s);
                UNROLL for (int i = 0; i < 16; i++) c[i] = split_of(sub(s[i], cells[16 * r + i]));
            }
            UNROLL for (int i = 0; i < 16; i += 4) accumulate4(total, c + i, weights + 5 * (16 * r + i));
            UNROLL for (int i = 0; i < 16; i++) s[i] = cells[16 * r + i];
        }
        for (int r = 0; r < 20; r += 4) {
            split c[4];
            for (int k = 0; k < 4; k++) {
                vec cell = cells[112 + r + k];
                c[k] = split_of(sub(cube(add(s[0], all(poseidon_first[r + k]))), cell));
                mix_sparse(s, cell, r + k);
            }
            accumulate4(total, c, weights + 5 * (64 + r));
        }
        for (int r = 0; r < 4; r++) {
            int count = r < 3 ? 16 : 8, at = r < 3 ? 64 + 16 * r : 132;
            split c[16];
            substitute(s, poseidon_final + 16 * r);
            mix_difference(s, cells + at, c, 16);
            for (int i = 0; i < count; i += 4) accumulate4(total, c + i, weights + 5 * (84 + 16 * r + i));
            if (r < 3) UNROLL for (int i = 0; i < 16; i++) s[i] = cells[at + i];
        }
        // Where a segment ends: E * (sum of the link's words with weights) - B.
        quintic end = {};
        UNROLL for (int i = 0; i < 8; i += 4) {
            split x[4];
            UNROLL for (int k = 0; k < 4; k++) x[k] = split_of(cells[132 + i + k]);
            accumulate4(end.c, x, link_weights + 5 * i);
        }
        end = quintic_scale(end, public[8]);
        UNROLL for (int d = 0; d < 5; d++) end.c[d] = sub(end.c[d], public[9 + d]);
        end = quintic_mul(end, quintic_all(weights + 5 * 140));
        uint32_t words[5][LANES];
        UNROLL for (int d = 0; d < 5; d++)
            store(words[d], mul_all(add(total[d], end.c[d]), chain->inverse_vanishing));
        for (int i = 0; i < LANES; i++) {
            uint32_t *to = out + 16 * (row + (size_t)i);
            UNROLL for (int d = 0; d < 5; d++) to[d] = words[d][i];
            __builtin_memset(to + 5, 0, 44);
        }
    }
}
