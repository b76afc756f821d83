/// The system's Zstandard (RFC 8878): compression and decompression.
#include <zstd.h>
