// Transforms of panels: 16 columns at once, so that no word ever changes its place in a row.
//
// A transform of 2^a * 2^b rows is one of 2^b rows, a product with powers of the root, and one of 2^a rows 2^b apart, in the
// order that spares the permutation: values are in natural order, coefficients in bit-reversed order.

/// Rows x times the word w.
#define ROW_LOOP UNROLL for (int part = 0; part < PARTS; part++)

/// Values in natural order to coefficients in bit-reversed order, by decimation in frequency; two levels a pass.
static TARGET void LOCAL(descend)(uint32_t *rows, int log_rows, const uint32_t *roots) {
    size_t n = (size_t)1 << log_rows;
    size_t h = n >> 1;
    int left = log_rows;
    for (; left >= 2; left -= 2, h >>= 2) {
        size_t q = h >> 1;
        for (size_t block = 0; block < n; block += 2 * h) {
            for (size_t j = 0; j < q; j++) {
                uint32_t *p0 = rows + 16 * (block + j), *p1 = p0 + 16 * q, *p2 = p0 + 16 * h, *p3 = p2 + 16 * q;
                split w0 = split_all(roots[h + j]), w1 = split_all(roots[h + q + j]), w2 = split_all(roots[q + j]);
                ROW_LOOP {
                    vec a0 = load(p0 + LANES * part), a1 = load(p1 + LANES * part);
                    vec a2 = load(p2 + LANES * part), a3 = load(p3 + LANES * part);
                    vec u0 = add(a0, a2), u1 = add(a1, a3);
                    // Factors need not be below p, as long as they fit in 32 bits.
                    vec u2 = reduce(product(split_of(a0 - a2 + P), w0));
                    vec u3 = reduce(product(split_of(a1 - a3 + P), w1));
                    store(p0 + LANES * part, add(u0, u1));
                    store(p1 + LANES * part, reduce(product(split_of(u0 - u1 + P), w2)));
                    store(p2 + LANES * part, add(u2, u3));
                    store(p3 + LANES * part, reduce(product(split_of(u2 - u3 + P), w2)));
                }
            }
        }
    }
    if (left == 1) {
        for (size_t i = 0; i < n; i += 2) {
            uint32_t *p = rows + 16 * i;
            ROW_LOOP {
                vec a = load(p + LANES * part), b = load(p + 16 + LANES * part);
                store(p + LANES * part, add(a, b));
                store(p + 16 + LANES * part, sub(a, b));
            }
        }
    }
}

/// Coefficients in bit-reversed order to values in natural order, by decimation in time; two levels a pass. The first pass
/// reads `from`, which may be `rows`.
static TARGET void LOCAL(ascend)(const uint32_t *from, uint32_t *rows, int log_rows, const uint32_t *roots) {
    size_t n = (size_t)1 << log_rows, h = 1;
    int left = log_rows;
    if (left & 1) {
        split w = split_all(roots[1]);
        for (size_t i = 0; i < n; i += 2) {
            const uint32_t *x = from + 16 * i;
            uint32_t *p = rows + 16 * i;
            ROW_LOOP {
                vec a = load(x + LANES * part), b = reduce(product(split_of(load(x + 16 + LANES * part)), w));
                store(p + LANES * part, add(a, b));
                store(p + 16 + LANES * part, sub(a, b));
            }
        }
        from = rows;
        h = 2;
        left--;
    }
    for (; left >= 2; left -= 2, h <<= 2, from = rows) {
        for (size_t block = 0; block < n; block += 4 * h) {
            for (size_t j = 0; j < h; j++) {
                const uint32_t *x = from + 16 * (block + j);
                uint32_t *p = rows + 16 * (block + j);
                split w0 = split_all(roots[h + j]), w1 = split_all(roots[2 * h + j]), w2 = split_all(roots[3 * h + j]);
                ROW_LOOP {
                    vec a0 = load(x + LANES * part), a2 = load(x + 32 * h + LANES * part);
                    vec a1 = reduce(product(split_of(load(x + 16 * h + LANES * part)), w0));
                    vec a3 = reduce(product(split_of(load(x + 48 * h + LANES * part)), w0));
                    vec u0 = add(a0, a1), u1 = sub(a0, a1);
                    // Factors need not be below p, as long as they fit in 32 bits.
                    vec u2 = reduce(product(split_of(add(a2, a3)), w1));
                    vec u3 = reduce(product(split_of(a2 - a3 + P), w2));
                    store(p + LANES * part, add(u0, u2));
                    store(p + 32 * h + LANES * part, sub(u0, u2));
                    store(p + 16 * h + LANES * part, add(u1, u3));
                    store(p + 48 * h + LANES * part, sub(u1, u3));
                }
            }
        }
    }
}

/// Blocks that are 2^b rows apart are worked on in a buffer of their own, four neighbours at a time.
enum { LOCAL(strip) = 4 };

static TARGET void LOCAL(inverse)(const skerry_stark_plan *plan, uint32_t *panel, uint32_t *scratch) {
    const int strip = LOCAL(strip);
    size_t na = (size_t)1 << plan->log_a, nb = (size_t)1 << plan->log_b;
    for (size_t l = 0; l < nb; l += (size_t)strip) {
        for (size_t t = 0; t < na; t++)
            for (int g = 0; g < strip; g++)
                __builtin_memcpy(scratch + 16 * ((size_t)g * na + t), panel + 16 * (t * nb + l + (size_t)g), 64);
        for (int g = 0; g < strip; g++)
            LOCAL(descend)(scratch + 16 * (size_t)g * na, plan->log_a, plan->inverse_a);
        for (size_t t = 0; t < na; t++) {
            for (int g = 0; g < strip; g++) {
                split w = split_all(plan->untwist[t * nb + l + (size_t)g]);
                const uint32_t *from = scratch + 16 * ((size_t)g * na + t);
                uint32_t *to = panel + 16 * (t * nb + l + (size_t)g);
                ROW_LOOP store(to + LANES * part, reduce(product(split_of(load(from + LANES * part)), w)));
            }
        }
    }
    for (size_t t = 0; t < na; t++) LOCAL(descend)(panel + 16 * t * nb, plan->log_b, plan->inverse_b);
}

static TARGET void LOCAL(forward)(const skerry_stark_plan *plan, const skerry_stark_coset *coset,
                                  const uint32_t *coefficients, uint32_t *panel, uint32_t *scratch) {
    const int strip = LOCAL(strip);
    size_t na = (size_t)1 << plan->log_a, nb = (size_t)1 << plan->log_b;
    for (size_t t = 0; t < na; t++)
        LOCAL(ascend)(coefficients + 16 * t * nb, panel + 16 * t * nb, plan->log_b, coset->roots);
    for (size_t l = 0; l < nb; l += (size_t)strip) {
        for (size_t t = 0; t < na; t++) {
            for (int g = 0; g < strip; g++) {
                split w = split_all(coset->twist[t * nb + l + (size_t)g]);
                const uint32_t *from = panel + 16 * (t * nb + l + (size_t)g);
                uint32_t *to = scratch + 16 * ((size_t)g * na + t);
                ROW_LOOP store(to + LANES * part, reduce(product(split_of(load(from + LANES * part)), w)));
            }
        }
        for (int g = 0; g < strip; g++) {
            uint32_t *rows = scratch + 16 * (size_t)g * na;
            LOCAL(ascend)(rows, rows, plan->log_a, plan->forward_a);
        }
        for (size_t t = 0; t < na; t++)
            for (int g = 0; g < strip; g++)
                __builtin_memcpy(panel + 16 * (t * nb + l + (size_t)g), scratch + 16 * ((size_t)g * na + t), 64);
    }
}
