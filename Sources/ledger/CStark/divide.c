#include "internal.h"

// One element after the other: each step of the division needs the one before.

static uint32_t reduce(uint64_t x) {
    uint32_t q = (uint32_t)x * P_INVERSE;
    uint32_t d = (uint32_t)(x >> 32) - (uint32_t)(((uint64_t)q * P) >> 32);
    return d < d + P ? d : d + P;
}
/// The same for x below 2p * 2^32.
static uint32_t reduce4(uint64_t x) {
    uint32_t q = (uint32_t)x * P_INVERSE, high = (uint32_t)(x >> 32);
    high = high < high - P ? high : high - P;
    uint32_t d = high - (uint32_t)(((uint64_t)q * P) >> 32);
    return d < d + P ? d : d + P;
}
static uint32_t add(uint32_t x, uint32_t y) {
    uint32_t s = x + y;
    return s < s - P ? s : s - P;
}
static uint32_t sub(uint32_t x, uint32_t y) {
    uint32_t d = x - y;
    return d < d + P ? d : d + P;
}

static void multiply(const uint32_t x[5], const uint32_t y[5], uint32_t out[5]) {
#define M(i, j) ((uint64_t)x[i] * y[j])
    uint32_t d0 = reduce(M(0, 0));
    uint32_t d1 = reduce(M(0, 1) + M(1, 0));
    uint32_t d2 = reduce4(M(0, 2) + M(1, 1) + M(2, 0));
    uint32_t d3 = reduce4(M(0, 3) + M(1, 2) + M(2, 1) + M(3, 0));
    uint32_t d4 = add(reduce4(M(0, 4) + M(1, 3) + M(2, 2) + M(3, 1)), reduce(M(4, 0)));
    uint32_t d5 = reduce4(M(1, 4) + M(2, 3) + M(3, 2) + M(4, 1));
    uint32_t d6 = reduce4(M(2, 4) + M(3, 3) + M(4, 2));
    uint32_t d7 = reduce(M(3, 4) + M(4, 3));
    uint32_t d8 = reduce(M(4, 4));
#undef M
    out[0] = sub(add(d0, d5), d8);
    out[1] = add(d1, d6);
    out[2] = add(sub(d2, d5), add(d7, d8));
    out[3] = add(sub(d3, d6), d8);
    out[4] = sub(d4, d7);
}

/// Coefficient k of the quotient is what Horner's rule has after the coefficients above k.
void skerry_stark_divide(const uint32_t *polynomial, int log_rows, const uint32_t z[5], uint32_t *out) {
    uint32_t value[5] = {0, 0, 0, 0, 0};
    for (size_t k = (size_t)1 << log_rows; k-- > 0;) {
        size_t place = log_rows ? (size_t)(__builtin_bitreverse64(k) >> (64 - log_rows)) : 0;
        for (int d = 0; d < 5; d++) out[8 * place + (size_t)d] = add(out[8 * place + (size_t)d], value[d]);
        multiply(value, z, value);
        for (int d = 0; d < 5; d++) value[d] = add(value[d], polynomial[8 * place + (size_t)d]);
    }
}
