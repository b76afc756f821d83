// What the prover does with coefficients of panels, and with the values that FRI folds.

/// Sum over some blocks of rows of (value of a row) * low[row in block] * high[block]: an element for each column.
static TARGET void LOCAL(evaluate)(const uint32_t *panel, size_t block_rows, const uint32_t *low, const uint32_t *high,
                                   size_t first, size_t blocks, uint32_t out[80]) {
    ROW_LOOP {
        quintic total = {};
        for (size_t block = first; block < first + blocks; block++) {
            quintic inner = {};
            for (size_t row = 0; row < block_rows; row += 4) {
                split x[4];
                UNROLL for (int i = 0; i < 4; i++)
                    x[i] = split_of(load(panel + 16 * (block * block_rows + row + (size_t)i) + LANES * part));
                accumulate4(inner.c, x, low + 5 * row);
            }
            total = quintic_add(total, quintic_mul(inner, quintic_all(high + 5 * block)));
        }
        UNROLL for (int d = 0; d < 5; d++) store(out + 16 * d + LANES * part, total.c[d]);
    }
}

/// Writes LANES elements as rows of 8 words, of which the last three are 0.
INLINE void store_elements(uint32_t *out, const vec c[5]) {
    uint32_t words[5][LANES];
    UNROLL for (int d = 0; d < 5; d++) store(words[d], c[d]);
    for (int i = 0; i < LANES; i++) {
        UNROLL for (int d = 0; d < 5; d++) out[8 * i + d] = words[d][i];
        UNROLL for (int d = 5; d < 8; d++) out[8 * i + d] = 0;
    }
}

/// For each row, the sum over all columns of all panels of the column's word times its weight.
static TARGET void LOCAL(combine)(const uint32_t *const *panels, int count, size_t stride, const uint32_t *weights,
                                  size_t first, size_t rows, uint32_t *out) {
    for (size_t row = first; row < first + rows; row += LANES) {
        vec total[5] = {};
        for (int p = 0; p < count; p++) {
            vec columns[16];
            load_rows(columns, panels[p] + stride * row, stride);
            UNROLL for (int i = 0; i < 16; i += 4) {
                split x[4];
                UNROLL for (int k = 0; k < 4; k++) x[k] = split_of(columns[i + k]);
                accumulate4(total, x, weights + 5 * (16 * p + i));
            }
        }
        store_elements(out + 8 * row, total);
    }
}

/// What Horner's rule has on the way to the value at x, from the constant coefficient up; returns the value.
INLINE vec horner(vec b[5], vec x, const uint32_t polynomial[5]) {
    b[4] = all(ONE);
    UNROLL for (int k = 4; k > 0; k--) b[k - 1] = add(mul(b[k], x), all(polynomial[k]));
    return add(mul(b[0], x), all(polynomial[0]));
}

/// Lagrange sums. Where m is the polynomial and b what Horner's rule has on the way to m(x), (m(X) - m(x)) / (X - x) is the sum
/// of b_k X^k. m(z) is 0, so x / (z - x) is the sum of -z^k b_k x / m(x), and only words have to be inverted.
static TARGET void LOCAL(sparse)(const uint32_t *points, const uint32_t *rows, size_t count,
                                 const uint32_t polynomial[5], uint32_t sums[80]) {
    enum { GROUPS = SKERRY_STARK_SPARSE_ROWS / LANES };
    vec values[GROUPS], products[GROUPS], product = all(ONE), b[5];
    uint32_t weights[5 * SKERRY_STARK_SPARSE_ROWS];
    size_t groups = count / LANES;
    for (size_t i = 0; i < groups; i++) {
        values[i] = horner(b, load(points + LANES * i), polynomial);
        products[i] = product;
        product = mul(product, values[i]);
    }
    vec inverse = all(ONE);
    for (uint32_t bit = 1u << 30; bit; bit >>= 1) {
        inverse = mul(inverse, inverse);
        if ((P - 2) & bit) inverse = mul(inverse, product);
    }
    for (size_t i = groups; i-- > 0;) {
        vec x = load(points + LANES * i), factor = mul(mul(inverse, products[i]), x);
        inverse = mul(inverse, values[i]);
        horner(b, x, polynomial);
        uint32_t words[5][LANES];
        UNROLL for (int k = 0; k < 5; k++) store(words[k], mul(b[k], factor));
        for (size_t lane = 0; lane < LANES; lane++)
            UNROLL for (size_t k = 0; k < 5; k++) weights[5 * (LANES * i + lane) + k] = words[k][lane];
    }
    ROW_LOOP {
        vec total[5];
        UNROLL for (int k = 0; k < 5; k++) total[k] = load(sums + 16 * k + LANES * part);
        for (size_t row = 0; row < count; row += 4) {
            split x[4];
            UNROLL for (size_t i = 0; i < 4; i++) x[i] = split_of(load(rows + 16 * (row + i) + LANES * part));
            accumulate4(total, x, weights + 5 * row);
        }
        UNROLL for (int k = 0; k < 5; k++) store(sums + 16 * k + LANES * part, total[k]);
    }
}

/// Polynomials with coefficients in the extension, in rows of 8 words, to a panel with up to three cosets side by side.
static TARGET void LOCAL(pack)(const uint32_t *elements, const uint32_t *const shifts[3], size_t first, size_t rows,
                               uint32_t *panel) {
    for (size_t row = first; row < first + rows; row++) {
        uint32_t *to = panel + 16 * row;
        for (int c = 0; c < 3; c++)
            UNROLL for (int d = 0; d < 5; d++) to[5 * c + d] = shifts[c] ? mul1(elements[8 * row + d], shifts[c][row]) : 0;
        to[15] = 0;
    }
}

/// The two halves of the quotient from its interpolations on two cosets whose shifts' powers differ in sign.
static TARGET void LOCAL(halves)(const uint32_t *plus, const uint32_t *minus, const uint32_t *plus_shifts,
                                 const uint32_t *minus_shifts, uint32_t low, uint32_t high, size_t first, size_t rows,
                                 uint32_t *panel) {
    for (size_t row = first; row < first + rows; row++) {
        uint32_t halves[2][16];
        ROW_LOOP {
            vec a = mul_all(load(plus + 16 * row + LANES * part), plus_shifts[row]);
            vec b = mul_all(load(minus + 16 * row + LANES * part), minus_shifts[row]);
            store(halves[0] + LANES * part, mul_all(add(a, b), low));
            store(halves[1] + LANES * part, mul_all(sub(a, b), high));
        }
        uint32_t *to = panel + 16 * row;
        __builtin_memcpy(to, halves[0], 20);
        __builtin_memcpy(to + 5, halves[1], 20);
        __builtin_memset(to + 10, 0, 24);
    }
}

/// The words of FRI leaves, 48 a leaf, of which the last eight are 0: leaf i has the eight values at i + t * leaves.
static TARGET void LOCAL(fri_leaves)(const uint32_t *layer, size_t leaves, size_t first, size_t count, uint32_t *out) {
    for (size_t leaf = first; leaf < first + count; leaf += LANES) {
        uint32_t *to = out + 48 * (leaf - first);
        for (int group = 0; group < 48 / LANES; group++) {
            vec t[LANES];
            UNROLL for (int i = 0; i < LANES; i++) {
                size_t word = (size_t)(LANES * group + i);
                t[i] = word < 40 ? load(layer + 8 * leaves * (word % 5) + leaves * (word / 5) + leaf) : all(0);
            }
            transpose(t);
            UNROLL for (int i = 0; i < LANES; i++) store(to + 48 * i + LANES * group, t[i]);
        }
    }
}

/// The fold of leaves: `x` has 1 / x of each.
INLINE quintic fold_values(quintic values[8], vec x, const skerry_stark_fold *fold) {
    for (int level = 0, half = 4; half; level++, half >>= 1) {
        quintic challenge = quintic_all(fold->challenges + 5 * level);
        for (int t = 0; t < half; t++) {
            quintic even = quintic_add(values[t], values[t + half]);
            quintic odd = quintic_sub(values[t], values[t + half]);
            odd = quintic_scale(odd, mul_all(x, fold->roots[t << level]));
            values[t] = quintic_add(even, quintic_mul(odd, challenge));
        }
        x = mul(x, x);
    }
    return quintic_scale(values[0], all(fold->eighth));
}

/// Folds eight values of a layer to one of the next, for the leaves from `first` on.
static TARGET void LOCAL(fri_fold)(const uint32_t *layer, size_t leaves, const skerry_stark_fold *fold, size_t first,
                                   size_t count, uint32_t *next) {
    uint32_t powers[LANES], step = fold->step;
    uint32_t power = fold->inverse;
    for (size_t i = first; i; i >>= 1) {
        if (i & 1) power = mul1(power, step);
        step = mul1(step, step);
    }
    for (int i = 0; i < LANES; i++) {
        powers[i] = power;
        power = mul1(power, fold->step);
    }
    step = fold->step;
    for (int i = 1; i < LANES; i <<= 1) step = mul1(step, step);
    vec x = load(powers);
    for (size_t leaf = first; leaf < first + count; leaf += LANES, x = mul_all(x, step)) {
        quintic values[8];
        for (int t = 0; t < 8; t++)
            UNROLL for (int d = 0; d < 5; d++)
                values[t].c[d] = load(layer + 8 * leaves * (size_t)d + leaves * (size_t)t + leaf);
        quintic folded = fold_values(values, x, fold);
        UNROLL for (int d = 0; d < 5; d++) store(next + leaves * (size_t)d + leaf, folded.c[d]);
    }
}

/// The same for leaves anywhere, 48 words each.
static TARGET void LOCAL(fri_fold_leaves)(const uint32_t *leaves, const uint32_t *inverses,
                                          const skerry_stark_fold *fold, size_t count, uint32_t *next) {
    for (size_t leaf = 0; leaf < count; leaf += LANES) {
        vec words[48];
        UNROLL for (int part = 0; part < 3; part++) load_rows(words + 16 * part, leaves + 48 * leaf + 16 * part, 48);
        quintic values[8];
        UNROLL for (int t = 0; t < 8; t++) UNROLL for (int d = 0; d < 5; d++) values[t].c[d] = words[5 * t + d];
        quintic folded = fold_values(values, load(inverses + leaf), fold);
        store_elements(next + 8 * leaf, folded.c);
    }
}
