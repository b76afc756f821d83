#include "internal.h"
#include "poseidon_constants.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

// Vectors of four words: every 64-bit processor has those, and a compiler can take them apart.
#define KERNEL stark_portable
#if defined(__aarch64__)
#define KERNEL_NAME "neon"
#else
#define KERNEL_NAME "portable"
#endif
#define TARGET
#define LANES 4
#include "kernels.h"
