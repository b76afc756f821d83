// The seven rounds on AVX2, with registers chosen by hand: 16 state words fill all 16 registers, and a compiler that has
// to find room for a seventeenth value spills ten times as much.
//
// State word i is in register i. Word 8 waits in memory while its register holds a rotation's mask or half; it comes back
// as an operand of the addition that needs it. The four quarter-rounds go side by side, instruction by instruction.

#include <stdint.h>

typedef uint32_t avx2_vector __attribute__((vector_size(32)));

/// What the rounds work on. `avx2_rounds` knows the offsets.
typedef struct {
    /// Chaining value before and after.
    avx2_vector chaining[8];
    /// Initial state words 8 to 15.
    avx2_vector rest[8];
    /// Message words.
    avx2_vector message[16];
    /// State word 8 while the rounds go on.
    avx2_vector word8;
    /// Byte shuffles that rotate by 16 and by 8 bits: ROTATE_BYTES_16 and ROTATE_BYTES_8.
    avx2_vector rotate16, rotate8;
} avx2_frame;

#define ROTATE_BYTES_16                                                                                    \
    {0x01000302, 0x05040706, 0x09080B0A, 0x0D0C0F0E, 0x01000302, 0x05040706, 0x09080B0A, 0x0D0C0F0E}
#define ROTATE_BYTES_8                                                                                     \
    {0x00030201, 0x04070605, 0x080B0A09, 0x0C0F0E0D, 0x00030201, 0x04070605, 0x080B0A09, 0x0C0F0E0D}

#define R(n) "%%ymm" #n
#define ADD_WORD(a, word) "vpaddd 512+32*" #word "(%0), " R(a) ", " R(a) "\n\t"
#define ADD(a, b) "vpaddd " R(b) ", " R(a) ", " R(a) "\n\t"
#define XOR(a, b) "vpxor " R(b) ", " R(a) ", " R(a) "\n\t"
#define SHUFFLE(a) "vpshufb " R(8) ", " R(a) ", " R(a) "\n\t"
#define ROTATE(a, right, left)                                                                              \
    "vpsrld $" #right ", " R(a) ", " R(8) "\n\t"                                                            \
    "vpslld $" #left ", " R(a) ", " R(a) "\n\t"                                                             \
    "vpor " R(8) ", " R(a) ", " R(a) "\n\t"

/// Half of the columns' quarter-rounds: `mask` is an offset of the frame.
#define COLUMNS(w0, w1, w2, w3, mask, right, left)                                                          \
    ADD_WORD(0, w0) ADD_WORD(1, w1) ADD_WORD(2, w2) ADD_WORD(3, w3)                                         \
    ADD(0, 4) ADD(1, 5) ADD(2, 6) ADD(3, 7)                                                                 \
    XOR(12, 0) XOR(13, 1) XOR(14, 2) XOR(15, 3)                                                             \
    "vmovdqa " #mask "(%0), " R(8) "\n\t"                                                                   \
    SHUFFLE(12) SHUFFLE(13) SHUFFLE(14) SHUFFLE(15)                                                         \
    "vpaddd 1024(%0), " R(12) ", " R(8) "\n\t" ADD(9, 13) ADD(10, 14) ADD(11, 15)                           \
    XOR(4, 8) XOR(5, 9) XOR(6, 10) XOR(7, 11)                                                               \
    "vmovdqa " R(8) ", 1024(%0)\n\t"                                                                        \
    ROTATE(4, right, left) ROTATE(5, right, left) ROTATE(6, right, left) ROTATE(7, right, left)

/// Half of the diagonals' quarter-rounds.
#define DIAGONALS(w0, w1, w2, w3, mask, right, left)                                                        \
    ADD_WORD(0, w0) ADD_WORD(1, w1) ADD_WORD(2, w2) ADD_WORD(3, w3)                                         \
    ADD(0, 5) ADD(1, 6) ADD(2, 7) ADD(3, 4)                                                                 \
    XOR(15, 0) XOR(12, 1) XOR(13, 2) XOR(14, 3)                                                             \
    "vmovdqa " #mask "(%0), " R(8) "\n\t"                                                                   \
    SHUFFLE(15) SHUFFLE(12) SHUFFLE(13) SHUFFLE(14)                                                         \
    ADD(10, 15) ADD(11, 12) "vpaddd 1024(%0), " R(13) ", " R(8) "\n\t" ADD(9, 14)                           \
    XOR(5, 10) XOR(6, 11) XOR(7, 8) XOR(4, 9)                                                               \
    "vmovdqa " R(8) ", 1024(%0)\n\t"                                                                        \
    ROTATE(5, right, left) ROTATE(6, right, left) ROTATE(7, right, left) ROTATE(4, right, left)

/// A round; the arguments are a row of SCHEDULE.
#define ROUND(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                               \
    COLUMNS(a, c, e, g, 1056, 12, 20) COLUMNS(b, d, f, h, 1088, 7, 25)                                      \
    DIAGONALS(i, k, m, o, 1056, 12, 20) DIAGONALS(j, l, n, p, 1088, 7, 25)

#define LOAD(n) "vmovdqa 32*" #n "(%0), " R(n) "\n\t"
#define FOLD(a, b) "vpxor " R(b) ", " R(a) ", " R(a) "\n\tvmovdqa " R(a) ", 32*" #a "(%0)\n\t"

_Static_assert(__builtin_offsetof(avx2_frame, message) == 512 && __builtin_offsetof(avx2_frame, word8) == 1024
                   && __builtin_offsetof(avx2_frame, rotate8) == 1088,
               "The offsets are written into the instructions below");

/// Replaces the frame's chaining value by that of its block.
static inline __attribute__((always_inline, target("avx2"))) void avx2_rounds(avx2_frame *frame) {
    __asm__ volatile(
        LOAD(0) LOAD(1) LOAD(2) LOAD(3) LOAD(4) LOAD(5) LOAD(6) LOAD(7)
        LOAD(8) "vmovdqa " R(8) ", 1024(%0)\n\t"
        LOAD(9) LOAD(10) LOAD(11) LOAD(12) LOAD(13) LOAD(14) LOAD(15)
        ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
        ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1)
        ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6)
        ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4)
        ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7)
        ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13)
        "vmovdqa 1024(%0), " R(8) "\n\t"
        FOLD(0, 8) FOLD(1, 9) FOLD(2, 10) FOLD(3, 11) FOLD(4, 12) FOLD(5, 13) FOLD(6, 14) FOLD(7, 15)
        :
        : "r"(frame)
        : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
          "xmm12", "xmm13", "xmm14", "xmm15");
}

#undef R
#undef ADD_WORD
#undef ADD
#undef XOR
#undef SHUFFLE
#undef ROTATE
#undef COLUMNS
#undef DIAGONALS
#undef ROUND
#undef LOAD
#undef FOLD
