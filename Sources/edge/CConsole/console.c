#include "include/CConsole.h"

// `#embed` is C23; the compiler has it in every mode and warns only about the standard's date.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "Files/index.html"
};
static const unsigned char style[] = {
#embed "Files/console.css"
};
static const unsigned char script[] = {
#embed "Files/console.js"
};

skerry_console_file skerry_console_page(void) { return (skerry_console_file){ page, sizeof page }; }
skerry_console_file skerry_console_style(void) { return (skerry_console_file){ style, sizeof style }; }
skerry_console_file skerry_console_script(void) { return (skerry_console_file){ script, sizeof script }; }
