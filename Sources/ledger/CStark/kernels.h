// All kernels for one instruction set, and the table of them.
//
// Included by one file for each, with these set:
//   KERNEL       name of the table
//   KERNEL_NAME  what users call it
//   TARGET       function attributes that switch the instructions on
//   LANES        4, 8 or 16 words a vector

#include "field.h"
#include "poseidon.h"
#include "chain.h"
#include "ntt.h"
#include "polynomials.h"

const stark_kernels KERNEL = {
    .name = KERNEL_NAME,
    .permute = LOCAL(permute_16),
    .permute_one = LOCAL(permute_one),
    .links = LOCAL(links),
    .link = LOCAL(link),
    .inverse = LOCAL(inverse),
    .forward = LOCAL(forward),
    .evaluate = LOCAL(evaluate),
    .combine = LOCAL(combine),
    .sparse = LOCAL(sparse),
    .pack = LOCAL(pack),
    .halves = LOCAL(halves),
    .fri_leaves = LOCAL(fri_leaves),
    .fri_fold = LOCAL(fri_fold),
    .fri_fold_leaves = LOCAL(fri_fold_leaves),
    .chain_rows = LOCAL(chain_rows),
    .chain_quotient = LOCAL(chain_quotient),
};
