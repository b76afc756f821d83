#ifndef SKERRY_CONSOLE_H
#define SKERRY_CONSOLE_H

#include <stddef.h>

/// A file of the web console; it lives as long as the program.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} skerry_console_file;

/// The page, as HTML.
skerry_console_file skerry_console_page(void);
/// Its style, as CSS.
skerry_console_file skerry_console_style(void);
/// What fills it, as an ECMAScript module.
skerry_console_file skerry_console_script(void);

#endif
