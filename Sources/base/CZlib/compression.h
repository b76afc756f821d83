/// The system's zlib: deflate, zlib (RFC 1950) and gzip (RFC 1952) streams.
#include <zlib.h>
