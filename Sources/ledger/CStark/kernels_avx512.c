#include "internal.h"

#if defined(__x86_64__)

#include "poseidon_constants.h"

#define KERNEL stark_avx512
#define KERNEL_NAME "avx512"
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2")))
#define LANES 16
#include "kernels.h"

#endif
