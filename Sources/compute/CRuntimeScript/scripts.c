#include "include/CRuntimeScript.h"

#include <string.h>

// `#embed` is C23; the compiler has it in every mode and warns only about the standard's date.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char shared_source[] = {
#embed "Scripts/shared.js"
};
static const unsigned char globals_source[] = {
#embed "Scripts/globals.js"
};
static const unsigned char headers_source[] = {
#embed "Scripts/headers.js"
};
static const unsigned char body_source[] = {
#embed "Scripts/body.js"
};
static const unsigned char request_source[] = {
#embed "Scripts/request.js"
};
static const unsigned char response_source[] = {
#embed "Scripts/response.js"
};
static const unsigned char timers_source[] = {
#embed "Scripts/timers.js"
};
static const unsigned char wasm_source[] = {
#embed "Scripts/wasm.js"
};
static const unsigned char dispatch_source[] = {
#embed "Scripts/dispatch.js"
};
static const unsigned char driven_source[] = {
#embed "Scripts/driven.js"
};
static const unsigned char exceptions_source[] = {
#embed "Scripts/exceptions.js"
};
static const unsigned char console_source[] = {
#embed "Scripts/console.js"
};
static const unsigned char inspect_source[] = {
#embed "Scripts/inspect.js"
};
static const unsigned char text_source[] = {
#embed "Scripts/text.js"
};
static const unsigned char encodings_source[] = {
#embed "Scripts/encodings.js"
};
static const unsigned char encodings_asian_source[] = {
#embed "Scripts/encodings-asian.js"
};
static const unsigned char encoding_tables_source[] = {
#embed "Scripts/encoding-tables.js"
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
static const unsigned char url_pattern_source[] = {
#embed "Scripts/url-pattern.js"
};
static const unsigned char url_pattern_interface_source[] = {
#embed "Scripts/url-pattern-interface.js"
};
static const unsigned char events_source[] = {
#embed "Scripts/events.js"
};
static const unsigned char abort_source[] = {
#embed "Scripts/abort.js"
};
static const unsigned char events_more_source[] = {
#embed "Scripts/events-more.js"
};
static const unsigned char messages_source[] = {
#embed "Scripts/messages.js"
};
static const unsigned char clone_source[] = {
#embed "Scripts/clone.js"
};
static const unsigned char platform_source[] = {
#embed "Scripts/platform.js"
};
static const unsigned char performance_source[] = {
#embed "Scripts/performance.js"
};
static const unsigned char crypto_source[] = {
#embed "Scripts/crypto.js"
};
static const unsigned char crypto_keys_source[] = {
#embed "Scripts/crypto-keys.js"
};
static const unsigned char crypto_formats_source[] = {
#embed "Scripts/crypto-formats.js"
};
static const unsigned char crypto_secret_source[] = {
#embed "Scripts/crypto-secret.js"
};
static const unsigned char crypto_pairs_source[] = {
#embed "Scripts/crypto-pairs.js"
};
static const unsigned char crypto_rsa_source[] = {
#embed "Scripts/crypto-rsa.js"
};
static const unsigned char crypto_subtle_source[] = {
#embed "Scripts/crypto-subtle.js"
};
static const unsigned char blob_source[] = {
#embed "Scripts/blob.js"
};
static const unsigned char form_data_source[] = {
#embed "Scripts/form-data.js"
};
static const unsigned char multipart_source[] = {
#embed "Scripts/multipart.js"
};
static const unsigned char mime_source[] = {
#embed "Scripts/mime.js"
};
static const unsigned char streams_base_source[] = {
#embed "Scripts/streams-base.js"
};
static const unsigned char streams_readable_source[] = {
#embed "Scripts/streams-readable.js"
};
static const unsigned char streams_bytes_source[] = {
#embed "Scripts/streams-bytes.js"
};
static const unsigned char streams_tee_source[] = {
#embed "Scripts/streams-tee.js"
};
static const unsigned char streams_writable_source[] = {
#embed "Scripts/streams-writable.js"
};
static const unsigned char streams_pipe_source[] = {
#embed "Scripts/streams-pipe.js"
};
static const unsigned char streams_transform_source[] = {
#embed "Scripts/streams-transform.js"
};
static const unsigned char streams_interface_source[] = {
#embed "Scripts/streams-interface.js"
};
static const unsigned char streams_writing_source[] = {
#embed "Scripts/streams-writing.js"
};
static const unsigned char codec_streams_source[] = {
#embed "Scripts/codec-streams.js"
};
static const unsigned char fetch_source[] = {
#embed "Scripts/fetch.js"
};
static const unsigned char bindings_source[] = {
#embed "Scripts/bindings.js"
};
static const unsigned char channel_source[] = {
#embed "Scripts/channel.js"
};
static const unsigned char wasi_memory_source[] = {
#embed "Scripts/wasi-memory.js"
};
static const unsigned char wasi_files_source[] = {
#embed "Scripts/wasi-files.js"
};
static const unsigned char wasi_process_source[] = {
#embed "Scripts/wasi-process.js"
};
static const unsigned char wasi_calls_source[] = {
#embed "Scripts/wasi-calls.js"
};
static const unsigned char wasi_cgi_source[] = {
#embed "Scripts/wasi-cgi.js"
};
static const unsigned char wasi_source[] = {
#embed "Scripts/wasi.js"
};

#define SCRIPT(file, source) { file, source, sizeof source }

// Evaluated in this order when the engine starts.
static const struct skerry_script scripts[] = {
    SCRIPT("shared.js", shared_source),
    SCRIPT("globals.js", globals_source),
    SCRIPT("headers.js", headers_source),
    SCRIPT("body.js", body_source),
    SCRIPT("request.js", request_source),
    SCRIPT("response.js", response_source),
    SCRIPT("timers.js", timers_source),
    SCRIPT("wasm.js", wasm_source),
    SCRIPT("dispatch.js", dispatch_source),
};

// Evaluated when something of them is used for the first time.
static const struct skerry_script lazy_scripts[] = {
    SCRIPT("driven.js", driven_source),
    SCRIPT("exceptions.js", exceptions_source),
    SCRIPT("console.js", console_source),
    SCRIPT("inspect.js", inspect_source),
    SCRIPT("text.js", text_source),
    SCRIPT("encodings.js", encodings_source),
    SCRIPT("encodings-asian.js", encodings_asian_source),
    SCRIPT("encoding-tables.js", encoding_tables_source),
    SCRIPT("host-names.js", host_names_source),
    SCRIPT("url.js", url_source),
    SCRIPT("url-interface.js", url_interface_source),
    SCRIPT("url-pattern.js", url_pattern_source),
    SCRIPT("url-pattern-interface.js", url_pattern_interface_source),
    SCRIPT("events.js", events_source),
    SCRIPT("abort.js", abort_source),
    SCRIPT("events-more.js", events_more_source),
    SCRIPT("messages.js", messages_source),
    SCRIPT("clone.js", clone_source),
    SCRIPT("platform.js", platform_source),
    SCRIPT("performance.js", performance_source),
    SCRIPT("crypto.js", crypto_source),
    SCRIPT("crypto-keys.js", crypto_keys_source),
    SCRIPT("crypto-formats.js", crypto_formats_source),
    SCRIPT("crypto-secret.js", crypto_secret_source),
    SCRIPT("crypto-pairs.js", crypto_pairs_source),
    SCRIPT("crypto-rsa.js", crypto_rsa_source),
    SCRIPT("crypto-subtle.js", crypto_subtle_source),
    SCRIPT("blob.js", blob_source),
    SCRIPT("form-data.js", form_data_source),
    SCRIPT("multipart.js", multipart_source),
    SCRIPT("mime.js", mime_source),
    SCRIPT("streams-base.js", streams_base_source),
    SCRIPT("streams-readable.js", streams_readable_source),
    SCRIPT("streams-bytes.js", streams_bytes_source),
    SCRIPT("streams-tee.js", streams_tee_source),
    SCRIPT("streams-writable.js", streams_writable_source),
    SCRIPT("streams-pipe.js", streams_pipe_source),
    SCRIPT("streams-transform.js", streams_transform_source),
    SCRIPT("streams-interface.js", streams_interface_source),
    SCRIPT("streams-writing.js", streams_writing_source),
    SCRIPT("codec-streams.js", codec_streams_source),
    SCRIPT("fetch.js", fetch_source),
    SCRIPT("bindings.js", bindings_source),
    SCRIPT("channel.js", channel_source),
    SCRIPT("wasi-memory.js", wasi_memory_source),
    SCRIPT("wasi-files.js", wasi_files_source),
    SCRIPT("wasi-process.js", wasi_process_source),
    SCRIPT("wasi-calls.js", wasi_calls_source),
    SCRIPT("wasi-cgi.js", wasi_cgi_source),
    SCRIPT("wasi.js", wasi_source),
};

size_t skerry_script_count(void) { return sizeof scripts / sizeof scripts[0]; }

const struct skerry_script *skerry_script_at(size_t index) {
    return index < skerry_script_count() ? &scripts[index] : NULL;
}

const struct skerry_script *skerry_lazy_script(const char *name) {
    for (size_t index = 0; index < sizeof lazy_scripts / sizeof lazy_scripts[0]; index += 1) {
        if (strcmp(lazy_scripts[index].name, name) == 0) return &lazy_scripts[index];
    }
    return NULL;
}
