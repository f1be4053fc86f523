#pragma once
#include <stddef.h>
#include <stdint.h>

/// One record that a macro leaves in the binary: `load` writes what it is about to `out`.
typedef struct {
    uint64_t version;
    void (*load)(void *out);
} martlet_record;

/// The records in a section of every image of this process, libraries that were loaded later included, in link order.
/// Calls `visit` once for each.
void martlet_each_record(const char *section, void (*visit)(const martlet_record *record, void *context),
                         void *context);
