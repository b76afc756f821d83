#include "internal.h"

#if defined(__x86_64__)

#include "poseidon_constants.h"

#define KERNEL stark_avx2
#define KERNEL_NAME "avx2"
#define TARGET __attribute__((target("avx2")))
#define LANES 8
#include "kernels.h"

#endif
