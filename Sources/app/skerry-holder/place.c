#define _GNU_SOURCE
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    int result = write(file, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
    int error = errno;
    close(file);
    errno = error;
    return result;
}

void enter_cgroups(const struct options *options) {
    for (int index = 0; index < options->cgroup_count; index++) {
        char path[1024];
        int length = snprintf(path, sizeof path, "%s/cgroup.procs", options->cgroups[index]);
        if (length >= (int)sizeof path) continue;
        for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
            *slash = 0;
            if (mkdir(path, 0755) != 0 && errno != EEXIST) break;
            *slash = '/';
        }
        write_text(path, "0");
    }
}

void stay_in_memory(void) { write_text("/proc/self/oom_score_adj", "-900"); }

int prepare_network(const char *path) {
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int other = open(path, O_RDONLY | O_CLOEXEC);
    int result = own >= 0 && other >= 0 ? setns(other, CLONE_NEWNET) : -1;
    if (result == 0) {
        // The files under /proc/sys/net are those of whoever opens them.
        result = write_text("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
        write_text("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
        write_text("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        if (setns(own, CLONE_NEWNET) != 0) result = -1;
    }
    int error = errno;
    if (own >= 0) close(own);
    if (other >= 0) close(other);
    errno = error;
    return result;
}
