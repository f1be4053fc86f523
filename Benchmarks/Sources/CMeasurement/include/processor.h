#include <stdint.h>

/// How long this process has been running on a core.
uint64_t processor_nanoseconds(void);
