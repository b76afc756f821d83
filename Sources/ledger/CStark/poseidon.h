// Poseidon1 with width 16 (see tools/poseidon-constants), on LANES states side by side and on a single one.

/// Reduces lanes below 2^42 (with p = 2^31 - 2^24 + 1, 2^31 is 2^24 - 1) to 32 bits, a little above p at most.
INLINE wide_part fold_part(wide_part y) {
    UNROLL for (int i = 0; i < 2; i++) {
        wide_part high = y >> 31;
        y = (y & ((wide_part){} + 0x7fffffffu)) + (high << 24) - high;
    }
    return y;
}

/// A quarter of lanes below 2^44.
INLINE wide_part quarter_part(wide_part y) {
    // p is 1 mod 4: as many times p as make it a multiple of 4.
    wide_part missing = (((wide_part){}) - y) & ((wide_part){} + 3);
    return fold_part((y + missing * ((wide_part){} + P)) >> 2);
}
INLINE vec narrow(wide x) {
    vec v = low_words(x);
    return smaller(v, v - P);
}

// First column of the circulant matrix as a polynomial, and what it is modulo x^4 - 1, x^4 + 1 and x^8 + 1.
static const int LOCAL(cyclic4)[4] = {180, 7, 81, 103};
static const int LOCAL(negacyclic4)[4] = {24, 1, -51, -25};
static const int LOCAL(negacyclic8)[8] = {-100, 2, 11, 5, 56, 1, -36, 62};

/// The circulant matrix, as a product of polynomials modulo x^16 - 1 = (x^4 - 1)(x^4 + 1)(x^8 + 1).
///
/// The sums are four times the words of the product, plus the same multiple of p, so that they are positive; below 2^44.
INLINE void mix_sums(const vec s[16], wide sums[16]) {
    wide q[4], r[4], n[8], u[8];
    UNROLL for (int j = 0; j < 4; j++) {
        vec even = add(s[j], s[j + 8]), odd = add(s[j + 4], s[j + 12]);
        q[j] = widen(add(even, odd));
        r[j] = widen(sub(even, odd));
        n[j] = widen(sub(s[j], s[j + 8]));
        n[j + 4] = widen(sub(s[j + 4], s[j + 12]));
    }
    UNROLL for (int k = 0; k < 4; k++) {
        wide x = {{}, {}}, y = {{}, {}};
        UNROLL for (int j = 0; j < 4; j++) {
            x = sum_times(x, q[j], LOCAL(cyclic4)[(k - j) & 3]);
            y = sum_times(y, r[j], j <= k ? LOCAL(negacyclic4)[k - j] : -LOCAL(negacyclic4)[k - j + 4]);
        }
        u[k] = sum(x, y);
        u[k + 4] = difference(x, y);
    }
    wide_part offset = (wide_part){} + (uint64_t)P * 4096;
    UNROLL for (int k = 0; k < 8; k++) {
        wide z = {{}, {}};
        UNROLL for (int j = 0; j < 8; j++)
            z = sum_times(z, n[j], j <= k ? LOCAL(negacyclic8)[k - j] : -LOCAL(negacyclic8)[k - j + 8]);
        wide base = {u[k].a + offset, u[k].b + offset};
        z = sum(z, z);
        sums[k] = sum(base, z);
        sums[k + 8] = difference(base, z);
    }
}

INLINE void mix(vec s[16]) {
    wide sums[16];
    mix_sums(s, sums);
    UNROLL for (int i = 0; i < 16; i++) s[i] = narrow((wide){quarter_part(sums[i].a), quarter_part(sums[i].b)});
}

/// The first `count` words of the product minus the cells, all times 2^-30: one reduction for both.
INLINE void mix_difference(const vec s[16], const vec *cells, split *out, int count) {
    wide sums[16];
    mix_sums(s, sums);
    UNROLL for (int i = 0; i < count; i++) {
        wide cell = widen(cells[i]);
        out[i] = split_of(reduce((wide){sums[i].a - (cell.a << 2), sums[i].b - (cell.b << 2)}));
    }
}

/// Sum of `count` products of x with the words at `factors`.
INLINE vec dot(const split *x, const uint32_t *factors, int count) {
    vec total = all(0);
    UNROLL for (int i = 0; i < count; i += 4) {
        wide w = product(x[i], split_all(factors[i]));
        UNROLL for (int k = i + 1; k < i + 4 && k < count; k++) w = sum(w, product(x[k], split_all(factors[k])));
        total = i ? add(total, reduce4(w)) : reduce4(w);
    }
    return total;
}

/// The dense matrix after the fourth S-box layer.
INLINE void mix_dense(vec s[16]) {
    split x[16];
    UNROLL for (int i = 0; i < 16; i++) x[i] = split_of(s[i]);
    for (int i = 0; i < 16; i++) s[i] = dot(x, poseidon_pre + 16 * i, 16);
}

/// The sparse matrix of partial round r; `t` is what its S-box gave.
INLINE void mix_sparse(vec s[16], vec t, int r) {
    split x[15], y = split_of(t);
    UNROLL for (int i = 0; i < 15; i++) x[i] = split_of(s[i + 1]);
    s[0] = add(t, dot(x, poseidon_sparse_row + 16 * r, 15));
    UNROLL for (int i = 0; i < 15; i++)
        s[i + 1] = add(s[i + 1], reduce(product(y, split_all(poseidon_sparse_column[16 * r + i]))));
}

INLINE void substitute(vec s[16], const uint32_t constants[16]) {
    UNROLL for (int i = 0; i < 16; i++) s[i] = cube(add(s[i], all(constants[i])));
}

/// The permutation of LANES states: s[i] holds word i of each.
static __attribute__((noinline)) TARGET void LOCAL(permute)(vec s[16]) {
    for (int r = 0; r < 4; r++) {
        substitute(s, poseidon_initial + 16 * r);
        if (r < 3) mix(s);
        else mix_dense(s);
    }
    for (int r = 0; r < 20; r++) mix_sparse(s, cube(add(s[0], all(poseidon_first[r]))), r);
    for (int r = 0; r < 4; r++) {
        substitute(s, poseidon_final + 16 * r);
        mix(s);
    }
}

// A single state: LANES of its words side by side.

INLINE void mix_one(vec s[PARTS]) {
    uint32_t words[16];
    UNROLL for (int i = 0; i < PARTS; i++) store(words + LANES * i, s[i]);
    wide total[PARTS];
    UNROLL for (int i = 0; i < PARTS; i++) total[i] = (wide){{}, {}};
    UNROLL for (int j = 0; j < 16; j++) {
        split word = split_all(words[j]);
        // Column j of the circulant matrix is the ring, turned.
        UNROLL for (int i = 0; i < PARTS; i++)
            total[i] = sum(total[i], product(word, split_of(load(poseidon_ring + 16 - j + LANES * i))));
    }
    UNROLL for (int i = 0; i < PARTS; i++) s[i] = narrow((wide){fold_part(total[i].a), fold_part(total[i].b)});
}

INLINE void substitute_one(vec s[PARTS], const uint32_t constants[16]) {
    UNROLL for (int i = 0; i < PARTS; i++) s[i] = cube(add(s[i], load(constants + LANES * i)));
}

static __attribute__((noinline)) TARGET void LOCAL(permute_one)(uint32_t state[16]) {
    vec s[PARTS];
    UNROLL for (int i = 0; i < PARTS; i++) s[i] = load(state + LANES * i);
    for (int r = 0; r < 3; r++) {
        substitute_one(s, poseidon_initial + 16 * r);
        mix_one(s);
    }
    substitute_one(s, poseidon_initial + 48);
    // The partial rounds as linear forms: only the cubes and one product of each follow from the one before.
    uint32_t words[16], heads[24], t[20];
    UNROLL for (int i = 0; i < PARTS; i++) store(words + LANES * i, s[i]);
    vec form[24 / LANES + (24 % LANES ? 1 : 0)], tail[PARTS];
    enum { FORMS = sizeof form / sizeof form[0] };
    UNROLL for (int i = 0; i < FORMS; i++) form[i] = all(0);
    UNROLL for (int i = 0; i < PARTS; i++) tail[i] = all(0);
    for (int j = 0; j < 16; j += 4) {
        wide w[FORMS], v[PARTS];
        UNROLL for (int k = 0; k < 4; k++) {
            split word = split_all(words[j + k]);
            UNROLL for (int i = 0; i < FORMS; i++) {
                wide p = product(word, split_of(load(poseidon_inputs_by_word + 32 * (j + k) + LANES * i)));
                w[i] = k ? sum(w[i], p) : p;
            }
            UNROLL for (int i = 0; i < PARTS; i++) {
                wide p = product(word, split_of(load(poseidon_pre_by_word + 16 * (j + k) + LANES * i)));
                v[i] = k ? sum(v[i], p) : p;
            }
        }
        UNROLL for (int i = 0; i < FORMS; i++) form[i] = add(form[i], reduce4(w[i]));
        UNROLL for (int i = 0; i < PARTS; i++) tail[i] = add(tail[i], reduce4(v[i]));
    }
    uint32_t padded[FORMS * LANES];
    UNROLL for (int i = 0; i < FORMS; i++) store(padded + LANES * i, form[i]);
    __builtin_memcpy(heads, padded, 21 * sizeof(uint32_t));
    UNROLL for (int r = 0; r < 20; r++) {
        uint32_t x = add1(heads[r], poseidon_first[r]);
        t[r] = mul1(mul1(x, x), x);
        UNROLL for (int q = r + 1; q <= 20; q++) heads[q] = add1(heads[q], mul1(t[r], poseidon_feedback[20 * q + r]));
    }
    for (int r = 0; r < 20; r += 4) {
        wide v[PARTS];
        UNROLL for (int k = 0; k < 4; k++) {
            split word = split_all(t[r + k]);
            UNROLL for (int i = 0; i < PARTS; i++) {
                wide p = product(word, split_of(load(poseidon_column_by_round + 16 * (r + k) + LANES * i)));
                v[i] = k ? sum(v[i], p) : p;
            }
        }
        UNROLL for (int i = 0; i < PARTS; i++) tail[i] = add(tail[i], reduce4(v[i]));
    }
    UNROLL for (int i = 0; i < PARTS; i++) s[i] = tail[i];
    s[0][0] = heads[20];
    for (int r = 0; r < 4; r++) {
        substitute_one(s, poseidon_final + 16 * r);
        mix_one(s);
    }
    UNROLL for (int i = 0; i < PARTS; i++) store(state + LANES * i, s[i]);
}
