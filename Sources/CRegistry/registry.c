#include "registry.h"

static void visit_range(const martlet_controller_record *record, const martlet_controller_record *end,
                        void (*visit)(const martlet_controller_record *, void *), void *context) {
    for (; record < end; record++) visit(record, context);
}

#if defined(__APPLE__)

#include <mach-o/dyld.h>
#include <mach-o/getsect.h>

void martlet_each_controller(void (*visit)(const martlet_controller_record *, void *), void *context) {
    for (uint32_t image = 0; image < _dyld_image_count(); image++) {
        unsigned long size = 0;
        const void *start = getsectiondata((const struct mach_header_64 *)_dyld_get_image_header(image), "__DATA",
                                           "martlet_ctl", &size);
        if (start) visit_range(start, (const void *)((const char *)start + size), visit, context);
    }
}

#else

// The linker defines these for a section whose name is a C identifier; weak, so that an image without controllers links.
extern const martlet_controller_record __start_martlet_ctl[] __attribute__((weak, visibility("hidden")));
extern const martlet_controller_record __stop_martlet_ctl[] __attribute__((weak, visibility("hidden")));

void martlet_each_controller(void (*visit)(const martlet_controller_record *, void *), void *context) {
    if (__start_martlet_ctl) visit_range(__start_martlet_ctl, __stop_martlet_ctl, visit, context);
}

#endif
