#ifndef SKERRY_RUNTIME_SCRIPT_H
#define SKERRY_RUNTIME_SCRIPT_H

#include <stddef.h>

/// One file of the runtime's prelude, as it lies in `Scripts/`. The bytes are ASCII and are not zero-terminated.
struct skerry_script {
    /// File name, for stack traces.
    const char *name;
    /// First byte of the source.
    const unsigned char *bytes;
    /// Length of the source in bytes.
    size_t length;
};

/// Number of scripts that are evaluated when the engine starts.
size_t skerry_script_count(void);

/// The script at `index` in order of evaluation, or NULL beyond the end.
const struct skerry_script *skerry_script_at(size_t index);

/// A script that is evaluated at the first use of something of it, by its file name; NULL for a name that there is not.
const struct skerry_script *skerry_lazy_script(const char *name);

#endif
