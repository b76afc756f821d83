#include "internal.h"

#if defined(__aarch64__)

#define KEEP_ORDER(a, b, c, d) ((void)0)
#define WHOLE(value) ((void)0)
#define RELOAD ((void)0)

#define KERNEL blake3_neon_4
#define TARGET
#define LANES 4
#define BATCHES 1
#include "lanes.h"

#endif
