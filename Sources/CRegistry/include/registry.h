#pragma once
#include <stddef.h>
#include <stdint.h>

/// One controller, as `@Controller` leaves it in the binary: `load` writes an `any Controller.Type` to `out`.
typedef struct {
    uint64_t version;
    void (*load)(void *out);
} martlet_controller_record;

/// The records of every image of this process, in link order. Calls `visit` once for each.
void martlet_each_controller(void (*visit)(const martlet_controller_record *record, void *context), void *context);
