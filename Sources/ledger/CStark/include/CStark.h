/// Kernels of the proof system: what is worth compiling for each instruction set.
///
/// A field element is a word w < p that stands for w / 2^32 mod p. A panel is 16 columns side by side: rows of 16 words,
/// 64-byte aligned. Nothing here keeps pointers after it returns, and everything may be called from any thread.
#ifndef SKERRY_CSTARK_H
#define SKERRY_CSTARK_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

/// KoalaBear: 2^31 - 2^24 + 1.
#define SKERRY_STARK_P 0x7f000001u
/// Word 8 of a link's permutation, in canonical form: "skl" and the version, 1. Words 9 to 15 are 0.
#define SKERRY_STARK_LINK_DOMAIN 0x016c6b73u

/// Name of the kernels in use: "portable", "neon", "avx2" or "avx512".
const char *skerry_stark_kernel(void);

/// Uses the named kernels from now on; 0 when this processor has them, -1 (and no change) otherwise.
int skerry_stark_select(const char *name);

/// The constants of Poseidon1 that poseidon_constants.h explains, for those who compute without kernels.
const uint32_t *skerry_stark_poseidon_initial(void);
const uint32_t *skerry_stark_poseidon_first(void);
const uint32_t *skerry_stark_poseidon_final(void);
const uint32_t *skerry_stark_poseidon_pre(void);
const uint32_t *skerry_stark_poseidon_sparse_row(void);
const uint32_t *skerry_stark_poseidon_sparse_column(void);

/// Poseidon1 of 16 states: word i of state l is at 16 * i + l.
void skerry_stark_permute(uint32_t state[256]);

/// Poseidon1 of one state.
void skerry_stark_permute_one(uint32_t state[16]);

/// `steps` links further for 16 links: word i of link l is at 16 * i + l.
void skerry_stark_links(uint32_t words[128], uint64_t steps);

/// `steps` links further for one link.
void skerry_stark_link(uint32_t words[8], uint64_t steps);

/// What transforms of 2^log_rows rows share; log_rows = log_a + log_b with both at least 2, log_a <= log_b.
typedef struct {
    int log_a, log_b;
    /// Roots of unity: words h to 2h - 1 are the first h powers of the root of order 2h, or of its inverse. Word 0 is not
    /// used.
    const uint32_t *forward_a, *inverse_a, *inverse_b;
    /// For row t * 2^log_b + l: w^(-l * reversed t) over the number of rows, where w has that order.
    const uint32_t *untwist;
} skerry_stark_plan;

/// What evaluation on a coset s * <w> takes besides.
typedef struct {
    /// For 2^log_b rows: words h to 2h - 1 are S^(2^log_b / 2h) times the first h powers of the root of order 2h, where
    /// S = s^(2^log_a).
    const uint32_t *roots;
    /// For row t * 2^log_b + l: (s * w^l)^(reversed t).
    const uint32_t *twist;
} skerry_stark_coset;

/// Words that `skerry_stark_inverse` and `skerry_stark_forward` need besides: 64 * 2^log_a, aligned to 64 bytes.
#define SKERRY_STARK_SCRATCH_WORDS(log_a) ((size_t)64 << (log_a))

/// A panel's values at the powers of w, in order, become the coefficients, at bit-reversed places.
void skerry_stark_inverse(const skerry_stark_plan *plan, uint32_t *panel, uint32_t *scratch);

/// Coefficients at bit-reversed places to the values at s * w^i, in order. `panel` may be `coefficients`.
void skerry_stark_forward(const skerry_stark_plan *plan, const skerry_stark_coset *coset, const uint32_t *coefficients,
                          uint32_t *panel, uint32_t *scratch);

/// Values of a panel's 16 polynomials at a point of the extension, from some blocks of coefficients: word d of column i
/// goes to out[16 * d + i].
///
/// Row r of block b has the weight low[r] * high[b], elements of five words; `block_rows` is a multiple of 4.
void skerry_stark_evaluate(const uint32_t *panel, size_t block_rows, const uint32_t *low, const uint32_t *high,
                           size_t first, size_t blocks, uint32_t out[80]);

/// For `rows` rows from `first` on, the sum over all columns of all panels of the column's word times its weight (five words
/// each): rows of 8 words of `out`, of which the last three are 0. `first` and `rows` are multiples of 16.
///
/// A panel's rows begin `stride` words after each other: 16, or more where rows of several panels lie side by side.
void skerry_stark_combine(const uint32_t *const *panels, int count, size_t stride, const uint32_t *weights, size_t first,
                          size_t rows, uint32_t *out);

/// Rows that one call of `skerry_stark_sparse` takes.
#define SKERRY_STARK_SPARSE_ROWS 512

/// Adds the Lagrange sums of some rows of 16 words at a point z of the extension to `sums`: x / (z - x) times word i of a row
/// goes to the elements i, of which word k is at sums[16 * k + i] and counts as -z^k.
///
/// `count` is a multiple of 16, x a row's point, never z. `polynomial` has the coefficients of the product of X - y over the
/// conjugates y of z, from the constant one up; the sixth is 1.
void skerry_stark_sparse(const uint32_t *points, const uint32_t *rows, size_t count, const uint32_t polynomial[5],
                         uint32_t sums[80]);

/// Adds (f - f(z)) / (X - z) to `out`; both are rows of 8 words with the coefficients at bit-reversed places.
void skerry_stark_divide(const uint32_t *polynomial, int log_rows, const uint32_t z[5], uint32_t *out);

/// Coefficients (rows of 8 words) times up to three tables of shifts, side by side: words 5c to 5c + 4 of each row.
void skerry_stark_pack(const uint32_t *elements, const uint32_t *const shifts[3], size_t first, size_t rows,
                       uint32_t *panel);

/// Words 0 to 9 of each row: the low and the high half of a polynomial of twice as many coefficients, of which words 0 to 4 of
/// `plus` and `minus` have interpolations on two cosets.
///
/// low = 1/2 and high = 1 / (2 c), where c and -c are the shifts' powers with the number of rows as exponent.
void skerry_stark_halves(const uint32_t *plus, const uint32_t *minus, const uint32_t *plus_shifts,
                         const uint32_t *minus_shifts, uint32_t low, uint32_t high, size_t first, size_t rows,
                         uint32_t *panel);

/// The words of some leaves of a FRI layer, 48 a leaf, of which the last eight are 0.
///
/// A layer is five arrays of 8 * `leaves` words; leaf i has the elements i + t * leaves, t = 0 to 7. `first` and `count` are
/// multiples of 16.
void skerry_stark_fri_leaves(const uint32_t *layer, size_t leaves, size_t first, size_t count, uint32_t *out);

/// A fold of eight values to one.
typedef struct {
    /// 1 / x of leaf 0, and what that is multiplied with from leaf to leaf.
    uint32_t inverse, step;
    /// The first four powers of 1 / w, where w has order 8.
    uint32_t roots[4];
    uint32_t eighth;
    /// The challenge, its square and its fourth power.
    uint32_t challenges[15];
} skerry_stark_fold;

/// Folds some leaves of a layer to values of the next one, five arrays of `leaves` words.
void skerry_stark_fri_fold(const uint32_t *layer, size_t leaves, const skerry_stark_fold *fold, size_t first,
                           size_t count, uint32_t *next);

/// The same for leaves as `skerry_stark_fri_leaves` has them, with 1 / x of each: `inverse` and `step` are not used. `next` gets
/// rows of 8 words, of which the last three are 0. `count` is a multiple of 16.
void skerry_stark_fri_fold_leaves(const uint32_t *leaves, const uint32_t *inverses, const skerry_stark_fold *fold,
                                  size_t count, uint32_t *next);

/// Appends `steps` rows of cells (see chain.h) to up to 16 chains, and moves their links along.
///
/// Word i of chain l's link is at 16 * i + l; its next row is rows[l]. Bit l of `active` says whether there is a chain l.
void skerry_stark_chain_rows(uint32_t words[128], uint32_t *const panels[9], const uint64_t rows[16], uint32_t active,
                             uint64_t steps);

/// What the constraints of chains are computed from, on one coset.
typedef struct {
    /// The cells, and the public columns: D in words 0 to 7, E in word 8, B in words 9 to 13.
    const uint32_t *panels[9], *public_panel;
    size_t rows;
    /// A weight of five words for each of the 141 constraints. Those whose round ends with the circulant matrix, 0 to 47 and
    /// 84 to 139, come with a factor of 2^-30, which their weights have to undo.
    const uint32_t *weights;
    /// A weight of five words for each word of a link, in the last constraint.
    const uint32_t *link_weights;
    /// 1 / (x^rows - 1) on this coset.
    uint32_t inverse_vanishing;
} skerry_stark_chain;

/// The weighted sum of all constraints over x^rows - 1: words 0 to 4 of some rows of `out`, whose other words become 0.
void skerry_stark_chain_quotient(const skerry_stark_chain *chain, size_t first, size_t rows, uint32_t *out);

/// Calls `body` for 0 to count - 1 from several threads, in order of their begin, until one call returns other than 0.
///
/// With niceness 0 the caller's thread is one of them; otherwise it waits for threads with that niceness (on Linux).
/// Fewer threads are used where more cannot be started. Returns 0 if all calls did.
int skerry_stark_parallel(int threads, int niceness, size_t count, int (*body)(void *context, size_t index),
                          void *context);

#if defined(__cplusplus)
}
#endif

#endif
