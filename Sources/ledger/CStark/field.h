// KoalaBear, p = 2^31 - 2^24 + 1, in vectors of LANES words. Words are in Montgomery form with radix 2^32 and below p.
//
// Included by kernels.h.

#define JOIN_NAMES(a, b) a##_##b
#define NAME_OF(kernel, part) JOIN_NAMES(kernel, part)
#define LOCAL(part) NAME_OF(KERNEL, part)
#define INLINE static inline __attribute__((always_inline, unused)) TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

/// Vectors that make up a row of 16 words.
#define PARTS (16 / LANES)

#define vec LOCAL(vec)
#define wide_part LOCAL(wide_part)
#define split LOCAL(split)
#define wide LOCAL(wide)
#define quintic LOCAL(quintic)

typedef uint32_t vec __attribute__((vector_size(4 * LANES)));
typedef uint64_t wide_part __attribute__((vector_size(4 * LANES)));
/// A vector's words in two halves, each as the low half of a 64-bit lane; the high half may hold anything.
typedef struct {
    wide_part a, b;
} split;
/// 64-bit lanes in the same two halves.
typedef struct {
    wide_part a, b;
} wide;

INLINE vec all(uint32_t value) { return (vec){} + value; }
INLINE vec load(const uint32_t *from) {
    vec value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}
INLINE void store(uint32_t *to, vec value) { __builtin_memcpy(to, &value, sizeof value); }
INLINE vec smaller(vec a, vec b) { return __builtin_elementwise_min(a, b); }

#if defined(__aarch64__)
// Halves are the low and the high words of a vector: that is how NEON multiplies.
INLINE split split_of(vec x) { return (split){(wide_part)x, (wide_part)__builtin_shufflevector(x, x, 2, 3, 0, 1)}; }
INLINE wide_part part_product(wide_part x, wide_part y) {
    return (wide_part)vmull_u32(vget_low_u32((uint32x4_t)x), vget_low_u32((uint32x4_t)y));
}
INLINE vec low_words(wide x) { return (vec)vuzp1q_u32((uint32x4_t)x.a, (uint32x4_t)x.b); }
INLINE vec high_words(wide x) { return (vec)vuzp2q_u32((uint32x4_t)x.a, (uint32x4_t)x.b); }
INLINE vec high_of_multiples(wide x) { return high_words(x); }
INLINE wide widen(vec x) {
    return (wide){(wide_part)vmovl_u32(vget_low_u32((uint32x4_t)x)), (wide_part)vmovl_high_u32((uint32x4_t)x)};
}
#else
// Halves are the words at even and at odd places: that is how x86 multiplies.
#define LOW_WORDS ((wide_part){} + 0xffffffffu)
INLINE split split_of(vec x) { return (split){(wide_part)x, (wide_part)x >> 32}; }
/// The compiler knows this instruction, but not to keep it: where one factor is constant it multiplies all 64 bits instead.
INLINE wide_part part_product(wide_part x, wide_part y) {
#if LANES > 4
    __asm__("vpmuludq %2, %1, %0" : "=v"(x) : "%v"(x), "v"(y));
    return x;
#elif defined(__x86_64__)
    __asm__("pmuludq %1, %0" : "+x"(x) : "x"(y));
    return x;
#else
    return (x & LOW_WORDS) * (y & LOW_WORDS);
#endif
}
INLINE vec low_words(wide x) { return (vec)((x.a & LOW_WORDS) | (x.b << 32)); }
INLINE vec high_words(wide x) { return (vec)((x.a >> 32) | (x.b & ~LOW_WORDS)); }
/// The high words of lanes whose low words are 0.
INLINE vec high_of_multiples(wide x) { return (vec)((x.a >> 32) | x.b); }
INLINE wide widen(vec x) { return (wide){(wide_part)x & LOW_WORDS, (wide_part)x >> 32}; }
#endif
/// The same word in every place; high halves of 64-bit lanes may hold anything.
INLINE split split_all(uint32_t value) { return (split){(wide_part)all(value), (wide_part)all(value)}; }

INLINE wide product(split x, split y) { return (wide){part_product(x.a, y.a), part_product(x.b, y.b)}; }
INLINE wide sum(wide x, wide y) { return (wide){x.a + y.a, x.b + y.b}; }
INLINE wide difference(wide x, wide y) { return (wide){x.a - y.a, x.b - y.b}; }
/// Lanes below 2^32 times a small positive number.
INLINE wide times(wide x, int factor) {
#if defined(__aarch64__)
    return (wide){(wide_part)vmull_n_u32(vmovn_u64((uint64x2_t)x.a), (uint32_t)factor),
                  (wide_part)vmull_n_u32(vmovn_u64((uint64x2_t)x.b), (uint32_t)factor)};
#else
    if (factor == 1) return x;
    wide_part y = (wide_part){} + (uint64_t)factor;
    return (wide){part_product(x.a, y), part_product(x.b, y)};
#endif
}
/// x + factor * y, without multiplying by negative numbers, which would need all 64 bits.
INLINE wide sum_times(wide x, wide y, int factor) {
    return factor < 0 ? difference(x, times(y, -factor)) : sum(x, times(y, factor));
}

INLINE vec add(vec x, vec y) {
    vec s = x + y;
    return smaller(s, s - P);
}
INLINE vec sub(vec x, vec y) {
    vec d = x - y;
    return smaller(d, d + P);
}

/// q * p with the q that makes the low words those of x.
INLINE wide multiple(wide x) {
#if defined(__aarch64__)
    return product(split_of(low_words(x) * P_INVERSE), split_all(P));
#else
    wide_part inverse = (wide_part)all(P_INVERSE), modulus = (wide_part)all(P);
    wide q = {part_product(x.a, inverse), part_product(x.b, inverse)};
    return (wide){part_product(q.a, modulus), part_product(q.b, modulus)};
#endif
}
/// x / 2^32 mod p for lanes below p * 2^32.
INLINE vec reduce(wide x) {
    // The low words of the difference are 0; where it is negative, its high word wraps.
    vec d = high_of_multiples(difference(x, multiple(x)));
    return smaller(d, d + P);
}
/// The same for any lanes below 2p * 2^32, such as sums of four products.
INLINE vec reduce4(wide x) {
    vec high = high_words(x);
    vec d = smaller(high, high - P) - high_words(multiple(x));
    return smaller(d, d + P);
}
INLINE vec mul(vec x, vec y) { return reduce(product(split_of(x), split_of(y))); }
INLINE vec mul_all(vec x, uint32_t y) { return reduce(product(split_of(x), split_all(y))); }
INLINE vec cube(vec x) {
    split s = split_of(x);
    return reduce(product(split_of(reduce(product(s, s))), s));
}

// One word at a time.
INLINE uint32_t add1(uint32_t x, uint32_t y) {
    uint32_t s = x + y;
    return s < s - P ? s : s - P;
}
INLINE uint32_t reduce1(uint64_t x) {
    uint32_t q = (uint32_t)x * P_INVERSE;
    uint32_t d = (uint32_t)(x >> 32) - (uint32_t)(((uint64_t)q * P) >> 32);
    return d < d + P ? d : d + P;
}
INLINE uint32_t mul1(uint32_t x, uint32_t y) { return reduce1((uint64_t)x * y); }

/// Elements of the extension by x^5 + x^2 - 1: LANES of them, coefficient by coefficient.
typedef struct {
    vec c[5];
} quintic;

INLINE quintic quintic_add(quintic x, quintic y) {
    UNROLL for (int i = 0; i < 5; i++) x.c[i] = add(x.c[i], y.c[i]);
    return x;
}
INLINE quintic quintic_sub(quintic x, quintic y) {
    UNROLL for (int i = 0; i < 5; i++) x.c[i] = sub(x.c[i], y.c[i]);
    return x;
}
INLINE quintic quintic_scale(quintic x, vec y) {
    split s = split_of(y);
    UNROLL for (int i = 0; i < 5; i++) x.c[i] = reduce(product(split_of(x.c[i]), s));
    return x;
}
/// The element with these five coefficients in every lane.
INLINE quintic quintic_all(const uint32_t *words) {
    quintic x;
    UNROLL for (int i = 0; i < 5; i++) x.c[i] = all(words[i]);
    return x;
}
INLINE quintic quintic_mul(quintic x, quintic y) {
    split s[5], t[5];
    UNROLL for (int i = 0; i < 5; i++) {
        s[i] = split_of(x.c[i]);
        t[i] = split_of(y.c[i]);
    }
    vec d[9];
    UNROLL for (int k = 0; k < 9; k++) {
        // At most five products: four together, a fifth apart.
        int low = k < 5 ? 0 : k - 4, high = k < 5 ? k : 4, four = high - low > 3 ? low + 3 : high;
        wide w = product(s[low], t[k - low]);
        UNROLL for (int i = low + 1; i <= four; i++) w = sum(w, product(s[i], t[k - i]));
        d[k] = reduce4(w);
        if (four < high) d[k] = add(d[k], reduce(product(s[high], t[k - high])));
    }
    // x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4, x^8 = x^3 - x^5 = x^3 + x^2 - 1.
    return (quintic){{
        sub(add(d[0], d[5]), d[8]),
        add(d[1], d[6]),
        add(sub(d[2], d[5]), add(d[7], d[8])),
        add(sub(d[3], d[6]), d[8]),
        sub(d[4], d[7]),
    }};
}

/// x[i] times the words at factors[5 * i], added to the five sums: four products before each reduction.
INLINE void accumulate4(vec total[5], const split x[4], const uint32_t *factors) {
    UNROLL for (int d = 0; d < 5; d++) {
        wide w = product(x[0], split_all(factors[d]));
        UNROLL for (int i = 1; i < 4; i++) w = sum(w, product(x[i], split_all(factors[5 * i + d])));
        total[d] = add(total[d], reduce4(w));
    }
}

/// Transposes LANES rows of LANES words.
INLINE void transpose(vec t[LANES]) {
    // Each pass makes a perfect shuffle of rows and words undone by one step; after log2(LANES) passes it is a transposition.
    UNROLL for (int pass = 0; pass < (LANES == 4 ? 2 : LANES == 8 ? 3 : 4); pass++) {
        vec next[LANES];
        UNROLL for (int i = 0; i < LANES / 2; i++) {
#if LANES == 4
            next[i] = __builtin_shufflevector(t[2 * i], t[2 * i + 1], 0, 2, 4, 6);
            next[i + 2] = __builtin_shufflevector(t[2 * i], t[2 * i + 1], 1, 3, 5, 7);
#elif LANES == 8
            next[i] = __builtin_shufflevector(t[2 * i], t[2 * i + 1], 0, 2, 4, 6, 8, 10, 12, 14);
            next[i + 4] = __builtin_shufflevector(t[2 * i], t[2 * i + 1], 1, 3, 5, 7, 9, 11, 13, 15);
#else
            next[i] = __builtin_shufflevector(t[2 * i], t[2 * i + 1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24,
                                              26, 28, 30);
            next[i + 8] = __builtin_shufflevector(t[2 * i], t[2 * i + 1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23,
                                                  25, 27, 29, 31);
#endif
        }
        UNROLL for (int i = 0; i < LANES; i++) t[i] = next[i];
    }
}

/// LANES rows of 16 words, `stride` words apart, as 16 vectors, one for each column.
INLINE void load_rows(vec columns[16], const uint32_t *rows, size_t stride) {
    UNROLL for (int part = 0; part < PARTS; part++) {
        vec t[LANES];
        UNROLL for (int i = 0; i < LANES; i++) t[i] = load(rows + stride * (size_t)i + LANES * part);
        transpose(t);
        UNROLL for (int i = 0; i < LANES; i++) columns[LANES * part + i] = t[i];
    }
}
