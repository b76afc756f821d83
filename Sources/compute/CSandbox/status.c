#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

struct skerry_status_page {
    _Atomic uint64_t entries;
    _Atomic uint64_t running;
    _Atomic uint64_t started;
    _Atomic uint32_t layers;
    _Atomic uint32_t identity;
    _Atomic uint16_t refusals[SKERRY_LAYER_COUNT];
};

enum { PAGE_BYTES = 4096 };

int skerry_status_create(void) {
    int descriptor = memfd_create("skerry-worker-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -1;
    // A page that shrank under the node would kill it with SIGBUS.
    if (ftruncate(descriptor, PAGE_BYTES) != 0 ||
        fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

skerry_status_page *skerry_status_map(int descriptor) {
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return page == MAP_FAILED ? NULL : page;
}

void skerry_status_unmap(skerry_status_page *page) { munmap(page, PAGE_BYTES); }

void skerry_status_enter(skerry_status_page *page, uint64_t id, int first_entry) {
    if (first_entry) atomic_store_explicit(&page->started, id, memory_order_relaxed);
    atomic_store_explicit(&page->running, id, memory_order_relaxed);
    atomic_fetch_add_explicit(&page->entries, 1, memory_order_release);
}

void skerry_status_leave(skerry_status_page *page) {
    atomic_store_explicit(&page->running, 0, memory_order_release);
}

void skerry_status_read(const skerry_status_page *page, uint64_t *entries, uint64_t *running, uint64_t *started) {
    *entries = atomic_load_explicit(&page->entries, memory_order_acquire);
    *running = atomic_load_explicit(&page->running, memory_order_relaxed);
    *started = atomic_load_explicit(&page->started, memory_order_relaxed);
}

void skerry_status_begin(skerry_status_page *page, uint32_t layers, uint32_t identity) {
    atomic_store_explicit(&page->layers, layers, memory_order_relaxed);
    atomic_store_explicit(&page->identity, identity, memory_order_relaxed);
}

uint32_t skerry_status_layers(const skerry_status_page *page) {
    return atomic_load_explicit(&page->layers, memory_order_relaxed);
}

uint32_t skerry_status_identity(const skerry_status_page *page) {
    return atomic_load_explicit(&page->identity, memory_order_relaxed);
}

void skerry_status_refuse(skerry_status_page *page, uint32_t layers, int error) {
    for (unsigned index = 0; index < SKERRY_LAYER_COUNT; index++) {
        if (layers & (1u << index)) {
            atomic_store_explicit(&page->refusals[index], (uint16_t)error, memory_order_relaxed);
        }
    }
}

int skerry_status_refusal(const skerry_status_page *page, uint32_t layer) {
    for (unsigned index = 0; index < SKERRY_LAYER_COUNT; index++) {
        if (layer & (1u << index)) return atomic_load_explicit(&page->refusals[index], memory_order_relaxed);
    }
    return 0;
}
