// Counts calls of malloc and its kin: linked into the micro-benchmarks, and preloaded into the servers as a library.
//
// The counter is one word and not atomic: raising it is a single instruction, which no other thread on the same core can
// come between. On several cores the figure may be a little low.
#include "allocations.h"

#include <features.h>

static uint64_t own_count;
static uint64_t *count = &own_count;

uint64_t allocation_count(void) { return *count; }

#ifdef __GLIBC__
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    ++*count;
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    ++*count;
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    ++*count;
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    ++*count;
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *made = memalign(alignment, size);
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

/// Where ALLOCATIONS_FILE names a file of at least eight bytes, the count lives there for others to read.
__attribute__((constructor)) static void share_count(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    if (!path) return;
    int file = open(path, O_RDWR);
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) count = shared;
}
#endif
