#include "include/CRuntimeScript.h"

// `#embed` is C23; the compiler has it in every mode and warns only about the standard's date.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char shared_source[] = {
#embed "Scripts/shared.js"
};
static const unsigned char text_source[] = {
#embed "Scripts/text.js"
};
static const unsigned char events_source[] = {
#embed "Scripts/events.js"
};
static const unsigned char host_names_source[] = {
#embed "Scripts/host-names.js"
};
static const unsigned char url_source[] = {
#embed "Scripts/url.js"
};
static const unsigned char url_interface_source[] = {
#embed "Scripts/url-interface.js"
};
static const unsigned char headers_source[] = {
#embed "Scripts/headers.js"
};
static const unsigned char body_source[] = {
#embed "Scripts/body.js"
};
static const unsigned char scheduling_source[] = {
#embed "Scripts/scheduling.js"
};
static const unsigned char clone_source[] = {
#embed "Scripts/clone.js"
};
static const unsigned char console_source[] = {
#embed "Scripts/console.js"
};
static const unsigned char channel_source[] = {
#embed "Scripts/channel.js"
};
static const unsigned char dispatch_source[] = {
#embed "Scripts/dispatch.js"
};

#define SCRIPT(file, source) { file, source, sizeof source }

static const struct skerry_script scripts[] = {
    SCRIPT("shared.js", shared_source),
    SCRIPT("text.js", text_source),
    SCRIPT("events.js", events_source),
    SCRIPT("host-names.js", host_names_source),
    SCRIPT("url.js", url_source),
    SCRIPT("url-interface.js", url_interface_source),
    SCRIPT("headers.js", headers_source),
    SCRIPT("body.js", body_source),
    SCRIPT("scheduling.js", scheduling_source),
    SCRIPT("clone.js", clone_source),
    SCRIPT("console.js", console_source),
    SCRIPT("channel.js", channel_source),
    SCRIPT("dispatch.js", dispatch_source),
};

size_t skerry_script_count(void) { return sizeof scripts / sizeof scripts[0]; }

const struct skerry_script *skerry_script_at(size_t index) {
    return index < skerry_script_count() ? &scripts[index] : NULL;
}
