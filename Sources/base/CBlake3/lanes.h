// A kernel that hashes LANES * BATCHES pieces side by side: lane l of every vector belongs to piece l of its batch.
//
// Included once for each kernel, with these set:
//   KERNEL   name of the function
//   TARGET   function attributes that switch the instructions on
//   LANES    4, 8 or 16 pieces a vector
//   BATCHES  independent vectors in flight; two hide the latency of a chain of dependent instructions
//   ROUNDS   optional: does a block's rounds on a FRAME, for one batch, in place of what the compiler makes of them

#define JOIN_NAMES(a, b) a##_##b
#define NAME_OF(kernel, part) JOIN_NAMES(kernel, part)
#define LOCAL(part) NAME_OF(KERNEL, part)
#define INLINE static inline __attribute__((always_inline)) TARGET
#define UNROLL _Pragma("clang loop unroll(full)")

#define quad LOCAL(quad)
#define vec LOCAL(vec)
#define load LOCAL(load)
#define gather LOCAL(gather)
#define quarter LOCAL(quarter)
#define transpose LOCAL(transpose)
#define rotate LOCAL(rotate)
#define mix LOCAL(mix)

typedef uint32_t quad __attribute__((vector_size(16)));
typedef uint32_t vec __attribute__((vector_size(4 * LANES)));

// The per-width parts: index lists that work inside the 128-bit parts of a vector, and how to get at those parts.
#if LANES == 4
#define ALTERNATE_LOW 0, 4, 1, 5
#define ALTERNATE_HIGH 2, 6, 3, 7
#define PAIRS_LOW 0, 1, 4, 5
#define PAIRS_HIGH 2, 3, 6, 7
INLINE quad quarter(vec v, int index) {
    (void)index;
    return v;
}
#elif LANES == 8
#define ALTERNATE_LOW 0, 8, 1, 9, 4, 12, 5, 13
#define ALTERNATE_HIGH 2, 10, 3, 11, 6, 14, 7, 15
#define PAIRS_LOW 0, 1, 8, 9, 4, 5, 12, 13
#define PAIRS_HIGH 2, 3, 10, 11, 6, 7, 14, 15
INLINE quad quarter(vec v, int index) {
    return index == 0 ? __builtin_shufflevector(v, v, 0, 1, 2, 3) : __builtin_shufflevector(v, v, 4, 5, 6, 7);
}
#else
#define ALTERNATE_LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define ALTERNATE_HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define PAIRS_LOW 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define PAIRS_HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define EVEN_PARTS 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define ODD_PARTS 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31
INLINE quad quarter(vec v, int index) {
    switch (index) {
    case 0: return __builtin_shufflevector(v, v, 0, 1, 2, 3);
    case 1: return __builtin_shufflevector(v, v, 4, 5, 6, 7);
    case 2: return __builtin_shufflevector(v, v, 8, 9, 10, 11);
    default: return __builtin_shufflevector(v, v, 12, 13, 14, 15);
    }
}
#endif

/// Transposes the 4x4 words in each 128-bit part of four vectors; its own inverse.
INLINE void transpose(vec t[4]) {
    vec a = __builtin_shufflevector(t[0], t[1], ALTERNATE_LOW);
    vec b = __builtin_shufflevector(t[0], t[1], ALTERNATE_HIGH);
    vec c = __builtin_shufflevector(t[2], t[3], ALTERNATE_LOW);
    vec d = __builtin_shufflevector(t[2], t[3], ALTERNATE_HIGH);
    t[0] = __builtin_shufflevector(a, c, PAIRS_LOW);
    t[1] = __builtin_shufflevector(a, c, PAIRS_HIGH);
    t[2] = __builtin_shufflevector(b, d, PAIRS_LOW);
    t[3] = __builtin_shufflevector(b, d, PAIRS_HIGH);
}

#if LANES < 16
INLINE quad load(const uint8_t *from) {
    quad words;
    __builtin_memcpy(&words, from, sizeof words);
    return words;
}
#endif

// `gather` loads one block of LANES pieces: m[i] gets word i of each.
#if LANES == 16
INLINE void gather(vec m[16], const uint8_t *from, size_t stride) {
    vec t[16];
    UNROLL for (int i = 0; i < 16; i++) __builtin_memcpy(&t[i], from + (size_t)i * stride, sizeof t[i]);
    UNROLL for (int i = 0; i < 16; i += 4) transpose(&t[i]);
    // Now part p of t[4 * q + j] holds word 4 * p + j of the pieces 4 * q to 4 * q + 3.
    UNROLL for (int j = 0; j < 4; j++) {
        vec even_low = __builtin_shufflevector(t[j], t[4 + j], EVEN_PARTS);
        vec even_high = __builtin_shufflevector(t[8 + j], t[12 + j], EVEN_PARTS);
        vec odd_low = __builtin_shufflevector(t[j], t[4 + j], ODD_PARTS);
        vec odd_high = __builtin_shufflevector(t[8 + j], t[12 + j], ODD_PARTS);
        m[j] = __builtin_shufflevector(even_low, even_high, EVEN_PARTS);
        m[4 + j] = __builtin_shufflevector(odd_low, odd_high, EVEN_PARTS);
        m[8 + j] = __builtin_shufflevector(even_low, even_high, ODD_PARTS);
        m[12 + j] = __builtin_shufflevector(odd_low, odd_high, ODD_PARTS);
    }
}
#else
INLINE void gather(vec m[16], const uint8_t *from, size_t stride) {
    UNROLL for (int i = 0; i < 16; i++) {
        const uint8_t *row = from + (size_t)(i % 4) * stride + (size_t)(i / 4) * 16;
#if LANES == 4
        m[i] = load(row);
#else
        m[i] = __builtin_shufflevector(load(row), load(row + 4 * stride), 0, 1, 2, 3, 4, 5, 6, 7);
#endif
    }
    UNROLL for (int i = 0; i < 16; i += 4) transpose(&m[i]);
}
#endif

INLINE vec rotate(vec value, int bits) { return (value >> bits) | (value << (32 - bits)); }

/// Half a round: the four quarter-rounds of the columns (`turn` 0) or the diagonals (`turn` 1).
///
/// Each operation is written for all quarter-rounds and batches before the next one, so that neighbouring
/// instructions do not wait for each other. The compiler likes to reorder that into one batch after the other, which
/// costs a fifth of the speed: PIN makes it finish an addition for all of them first.
INLINE void mix(vec v[BATCHES][16], vec m[BATCHES][16], const uint8_t words[8], int turn) {
    const int step_rotation[2][2] = {{16, 12}, {8, 7}};
#define EACH UNROLL for (int b = 0; b < BATCHES; b++) UNROLL for (int i = 0; i < 4; i++)
#define PIN UNROLL for (int b = 0; b < BATCHES; b++) KEEP_ORDER(v[b][0], v[b][1], v[b][2], v[b][3])
#define A v[b][i]
#define B v[b][4 + (i + turn) % 4]
#define C v[b][8 + (i + 2 * turn) % 4]
#define D v[b][12 + (i + 3 * turn) % 4]
    UNROLL for (int step = 0; step < 2; step++) {
        EACH A += m[b][words[2 * i + step]];
        EACH A += B;
        PIN;
        EACH D ^= A;
        EACH WHOLE(D);
        EACH D = rotate(D, step_rotation[step][0]);
        EACH C += D;
        EACH B ^= C;
        EACH B = rotate(B, step_rotation[step][1]);
    }
#undef EACH
#undef PIN
#undef A
#undef B
#undef C
#undef D
}

__attribute__((noinline)) TARGET void KERNEL(const pieces *work, size_t first) {
    const uint32_t iv[8] = {IV_WORDS};
    const size_t stride = work->stride;
    vec counter_low[BATCHES], counter_high[BATCHES];
#if defined(ROUNDS)
    FRAME frame;
    frame.rotate16 = (vec)ROTATE_BYTES_16;
    frame.rotate8 = (vec)ROTATE_BYTES_8;
    vec(*chaining)[8] = &frame.chaining;
    UNROLL for (int i = 0; i < 4; i++) frame.rest[i] = (vec){} + iv[i];
#else
    vec chaining[BATCHES][8];
#endif
    UNROLL for (int b = 0; b < BATCHES; b++) {
        UNROLL for (int i = 0; i < 8; i++) chaining[b][i] = (vec){} + work->key[i];
        for (int lane = 0; lane < LANES; lane++) {
            uint64_t counter = work->counter + (first + (size_t)(b * LANES + lane)) * (uint64_t)work->counter_step;
            counter_low[b][lane] = (uint32_t)counter;
            counter_high[b][lane] = (uint32_t)(counter >> 32);
        }
    }
    const uint8_t *input = work->input + first * stride;
    for (int block = 0; block < work->blocks; block++, input += BLOCK_BYTES) {
        uint32_t flags = work->flags | (block == 0 ? work->first_flags : 0)
                         | (block == work->blocks - 1 ? work->last_flags : 0);
        uint32_t length = block == work->blocks - 1 ? work->last_length : BLOCK_BYTES;
#if defined(PREFETCH_BLOCKS)
        // After the last blocks of these pieces come the first ones of the next batch, not of the neighbours.
        size_t ahead = PREFETCH_BLOCKS * BLOCK_BYTES;
        if (block + PREFETCH_BLOCKS >= work->blocks)
            ahead += LANES * BATCHES * stride + work->gap - (size_t)work->blocks * BLOCK_BYTES;
#endif
#if defined(PREFETCH_BLOCKS)
        UNROLL for (int i = 0; i < LANES * BATCHES; i++) __builtin_prefetch(input + (size_t)i * stride + ahead);
#endif
#if defined(ROUNDS)
        gather(frame.message, input, stride);
        frame.rest[4] = counter_low[0];
        frame.rest[5] = counter_high[0];
        frame.rest[6] = (vec){} + length;
        frame.rest[7] = (vec){} + flags;
        ROUNDS(&frame);
#else
        vec m[BATCHES][16], v[BATCHES][16];
        UNROLL for (int b = 0; b < BATCHES; b++) {
            gather(m[b], input + (size_t)(b * LANES) * stride, stride);
            UNROLL for (int i = 0; i < 8; i++) v[b][i] = chaining[b][i];
            UNROLL for (int i = 0; i < 4; i++) v[b][8 + i] = (vec){} + iv[i];
            v[b][12] = counter_low[b];
            v[b][13] = counter_high[b];
            v[b][14] = (vec){} + length;
            v[b][15] = (vec){} + flags;
        }
        // The message words stay in memory: the registers are for the state, and an operand from the first-level
        // cache is free.
        __asm__ volatile("" : : "r"(m) : "memory");
        UNROLL for (int round = 0; round < 7; round++) {
            RELOAD;
            mix(v, m, &SCHEDULE[round][0], 0);
            mix(v, m, &SCHEDULE[round][8], 1);
        }
        UNROLL for (int b = 0; b < BATCHES; b++)
            UNROLL for (int i = 0; i < 8; i++) chaining[b][i] = v[b][i] ^ v[b][i + 8];
#endif
    }
    UNROLL for (int b = 0; b < BATCHES; b++) {
        transpose(&chaining[b][0]);
        transpose(&chaining[b][4]);
        UNROLL for (int i = 0; i < 8; i++)
            UNROLL for (int part = 0; part < LANES / 4; part++) {
                size_t piece = first + (size_t)(b * LANES + part * 4 + i % 4);
                quad words = quarter(chaining[b][i], part);
                __builtin_memcpy(work->out + piece * VALUE_WORDS + (i / 4) * 4, &words, sizeof words);
            }
    }
}

#undef quad
#undef vec
#undef load
#undef gather
#undef quarter
#undef transpose
#undef rotate
#undef mix
#undef ALTERNATE_LOW
#undef ALTERNATE_HIGH
#undef PAIRS_LOW
#undef PAIRS_HIGH
#undef EVEN_PARTS
#undef ODD_PARTS
#undef INLINE
#undef UNROLL
#undef LOCAL
#undef NAME_OF
#undef JOIN_NAMES
#undef KERNEL
#undef TARGET
#undef LANES
#undef BATCHES
