#ifndef SKERRY_SANDBOX_INTERNAL_H
#define SKERRY_SANDBOX_INTERNAL_H

#include "include/CSandbox.h"

/// A process that becomes a worker.
typedef struct {
    int socket;
    int status;
    skerry_status_page *page;
    const skerry_cgroup *cgroups;
    size_t cgroup_count;
    /// Whose it is, outside of a user namespace of its own.
    uid_t user;
    gid_t group;
    /// The node's name for it.
    pid_t pid;
    /// Layers so far: first the namespaces that it was made with.
    uint32_t made;
} skerry_child;

/// In such a process: joins its cgroups, notes in its page what is made, and leaves it the descriptors that a worker finds
/// and no other. System calls only. Returns 0 or an errno.
int skerry_child_settle(skerry_child *child);

/// The namespaces that a worker gets where the host allows it, as flags of clone.
int skerry_wanted_namespaces(void);

/// Such flags as SKERRY_LAYER bits.
uint32_t skerry_namespace_layers(int flags);

/// Before exec: the namespaces and cgroups that the process is in, and a number that no other live process has.
void skerry_status_begin(skerry_status_page *page, uint32_t layers, uint32_t identity);

/// What `skerry_status_begin` left.
uint32_t skerry_status_layers(const skerry_status_page *page);
uint32_t skerry_status_identity(const skerry_status_page *page);

/// Replaces the root of this mount namespace by a read-only one that holds only what the engine looks up.
/// Needs CAP_SYS_ADMIN and a mount namespace of one's own. Returns 0 or an errno; then the old root is still there.
int skerry_enter_private_root(void);

/// Gives up what a later exec could give back; without CAP_SETPCAP that does nothing.
void skerry_drop_bounding_set(void);

/// Gives up every capability. Returns 0 or an errno.
int skerry_drop_capabilities(void);

/// Keeps the capabilities that the steps above need over the exec that follows, for a process that is not root but
/// has them all in its user namespace. System calls only. Returns 0 or an errno.
int skerry_keep_capabilities(void);

#endif
