/// The system's Brotli (RFC 7932): compression and decompression.
#include <brotli/decode.h>
#include <brotli/encode.h>
