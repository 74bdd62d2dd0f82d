/*
 * Counts the heap of the whole process: its own malloc stands before the C library's, so that what
 * SQLite, curl and OpenSSL allocate counts too.
 *
 * Counted are the usable bytes of the blocks, without the allocator's own bookkeeping. Sanitizers
 * bring their own malloc; nothing is counted then.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define HEAP_IS_COUNTED 1
#else
#define HEAP_IS_COUNTED 0
#endif

static atomic_size_t heap_now;
static atomic_size_t heap_peak;

bool bench_heap_is_counted(void)
{
    return HEAP_IS_COUNTED;
}

uint64_t bench_heap_bytes(void)
{
    return atomic_load(&heap_now);
}

void bench_heap_restart(void)
{
    atomic_store(&heap_peak, atomic_load(&heap_now));
}

uint64_t bench_heap_peak(void)
{
    return atomic_load(&heap_peak);
}

#if HEAP_IS_COUNTED
/* The C library's own, under the names by which it exports them for this purpose. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);
/* What the header does not declare under strict POSIX. */
void *memalign(size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **ret_block, size_t alignment, size_t size);

static void *counted(void *block)
{
    size_t now;
    size_t peak;

    if (block == NULL) {
        return NULL;
    }
    now = atomic_fetch_add_explicit(&heap_now, malloc_usable_size(block), memory_order_relaxed) +
          malloc_usable_size(block);
    peak = atomic_load_explicit(&heap_peak, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak(&heap_peak, &peak, now)) {
    }
    return block;
}

static void uncounted(void *block)
{
    if (block != NULL) {
        atomic_fetch_sub_explicit(&heap_now, malloc_usable_size(block), memory_order_relaxed);
    }
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    const size_t before = block == NULL ? 0 : malloc_usable_size(block);
    void *moved = __libc_realloc(block, size);

    if (moved == NULL && size != 0) {
        return NULL;
    }
    atomic_fetch_sub_explicit(&heap_now, before, memory_order_relaxed);
    return counted(moved);
}

void free(void *block)
{
    uncounted(block);
    __libc_free(block);
}

void *memalign(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    void *block = memalign(alignment, size);

    if (block == NULL) {
        return ENOMEM;
    }
    *ret_block = block;
    return 0;
}
#endif
