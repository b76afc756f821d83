#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int needed[] = { CAP_SYS_ADMIN, CAP_SETPCAP };
enum {
    NEEDED_COUNT = sizeof needed / sizeof needed[0],
    /// More than any kernel knows; the first unknown one ends the loop.
    CAPABILITY_LIMIT = 64,
};

static int set_capabilities(uint32_t bits) {
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { bits, bits, bits } };
    return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

int skerry_keep_capabilities(void) {
    uint32_t bits = 0;
    for (int index = 0; index < NEEDED_COUNT; index++) bits |= 1u << needed[index];
    int error = set_capabilities(bits);
    for (int index = 0; index < NEEDED_COUNT && error == 0; index++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, needed[index], 0, 0) != 0) error = errno;
    }
    return error;
}

void skerry_drop_bounding_set(void) {
    for (int capability = 0; capability < CAPABILITY_LIMIT; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return;
    }
}

int skerry_drop_capabilities(void) {
    skerry_drop_bounding_set();
    return set_capabilities(0);
}
