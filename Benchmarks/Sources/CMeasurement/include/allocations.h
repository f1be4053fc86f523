#include <stdint.h>

/// How many blocks of memory this process has asked for; 0 for ever where malloc cannot be replaced.
uint64_t allocation_count(void);
