#ifndef SKERRY_LIBFUZZER_H
#define SKERRY_LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

// The entry point of libFuzzer's engine, which the compiler's runtime defines (compiler-rt, FuzzerInterface).
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target)(const uint8_t *data, size_t size));

#endif
