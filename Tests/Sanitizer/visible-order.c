// What Swift's libraries hand from thread to thread without Thread Sanitizer's knowledge, told to it. To be preloaded into a
// program that is built with -sanitize=thread (Scripts/test --tsan does); without it such a program's every Mutex and every
// continuation is reported as a race, and hiding those reports would hide the true ones with them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

typedef void (*order)(void *);
static order acquire, release;

// The concurrency runtime asks for these. It learns of the sanitizer by a function that the sanitizer's own weak one, which
// stands in the executable, hides from it on Linux.
extern int _swift_tsan_enabled __attribute__((weak));
extern order _swift_tsan_acquire __attribute__((weak)), _swift_tsan_release __attribute__((weak));

__attribute__((constructor)) static void find_sanitizer(void) {
    acquire = (order)dlsym(RTLD_DEFAULT, "__tsan_acquire");
    release = (order)dlsym(RTLD_DEFAULT, "__tsan_release");
    if (!acquire || !release || !&_swift_tsan_enabled) return;
    _swift_tsan_acquire = acquire;
    _swift_tsan_release = release;
    _swift_tsan_enabled = 1;
}

static void *next(const char *symbol) {
    void *found = dlsym(RTLD_NEXT, symbol);
    if (!found) abort();
    return found;
}

// A Mutex that is free is taken and left by atomic operations in the program itself, which the sanitizer sees. One that is
// not is handed over by the kernel (FUTEX_LOCK_PI), which it does not see: these are the ways there.
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    ((SWIFT void (*)(uint32_t, SELF void *))next(LOCK_SLOW))(thread, mutex);
    if (acquire) acquire(mutex);
}

SWIFT _Bool try_lock_slow(SELF void *mutex) __asm__(TRY_LOCK_SLOW);
SWIFT _Bool try_lock_slow(SELF void *mutex) {
    _Bool taken = ((SWIFT _Bool (*)(SELF void *))next(TRY_LOCK_SLOW))(mutex);
    if (taken && acquire) acquire(mutex);
    return taken;
}

SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);
SWIFT void unlock_slow(SELF void *mutex) {
    if (release) release(mutex);
    ((SWIFT void (*)(SELF void *))next(UNLOCK_SLOW))(mutex);
}
