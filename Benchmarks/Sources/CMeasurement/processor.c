#include "processor.h"

#include <time.h>

uint64_t processor_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
