#include "internal.h"

#if defined(__x86_64__)

/// How far ahead a kernel asks for data: the block after the next one. The processor does not see a pattern in 32
/// streams, so it has to be told. Bytes beyond the input may be asked for: that has no effect.
#define PREFETCH_BLOCKS 2

/// An empty instruction that needs four results at once, and so fixes the order of what comes before and after it.
#define KEEP_ORDER(a, b, c, d) __asm__ volatile("" : "+v"(a), "+v"(b), "+v"(c), "+v"(d))

// With 32 registers and an instruction that rotates, the compiler needs no help.
#define WHOLE(value) ((void)0)
#define RELOAD ((void)0)

#define KERNEL blake3_avx512_32
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,bmi2")))
#define LANES 16
#define BATCHES 2
#include "lanes.h"

#define KERNEL blake3_avx512_16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,bmi2")))
#define LANES 16
#define BATCHES 1
#include "lanes.h"

// Sixteen registers leave no room for a second batch, and with one there is nothing to keep apart.
#undef KEEP_ORDER
#define KEEP_ORDER(a, b, c, d) ((void)0)

#include "rounds_avx2.h"
#define FRAME avx2_frame
#define ROUNDS avx2_rounds

#define KERNEL blake3_avx2_8
#define TARGET __attribute__((target("avx2,bmi2")))
#define LANES 8
#define BATCHES 1
#include "lanes.h"

#undef FRAME
#undef ROUNDS

/// Hides from the compiler that a value is an exclusive or: it would rotate both of its parts instead.
#undef WHOLE
#define WHOLE(value) __asm__("" : "+x"(value))

/// Makes the compiler read the message words again instead of keeping copies of them elsewhere in memory.
#undef RELOAD
#define RELOAD __asm__ volatile("" ::: "memory")

#define KERNEL blake3_sse41_4
#define TARGET __attribute__((target("sse4.1")))
#define LANES 4
#define BATCHES 1
#include "lanes.h"

#endif
