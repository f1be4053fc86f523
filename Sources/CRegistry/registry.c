#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "registry.h"

typedef void (*record_visitor)(const martlet_record *, void *);

static void visit_range(const void *start, size_t size, record_visitor visit, void *context) {
    const martlet_record *record = start;
    for (size_t index = 0; index < size / sizeof *record; index++) visit(record + index, context);
}

#if defined(__APPLE__)

#include <mach-o/dyld.h>
#include <mach-o/getsect.h>

void martlet_each_record(const char *section, record_visitor visit, void *context) {
    for (uint32_t image = 0; image < _dyld_image_count(); image++) {
        unsigned long size = 0;
        const void *start =
            getsectiondata((const struct mach_header_64 *)_dyld_get_image_header(image), "__DATA", section, &size);
        if (start) visit_range(start, size, visit, context);
    }
}

#else

#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// The linker's `__start_` and `__stop_` symbols are each image's own, and hidden. So the section is looked up by its name
// in the table of sections, which is in the image's file alone.

struct search {
    const char *section;
    record_visitor visit;
    void *context;
};

// Where the named section is in memory, relative to the image; its size is 0 where the file has none.
static ElfW(Shdr) find_section(const unsigned char *file, size_t size, const char *name) {
    ElfW(Shdr) none = {0};
    const ElfW(Ehdr) *head = (const void *)file;
    if (size < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return none;
    size_t count = head->e_shnum;
    if (head->e_shentsize != sizeof(ElfW(Shdr)) || head->e_shoff > size || head->e_shoff % _Alignof(ElfW(Shdr)) ||
        count > (size - head->e_shoff) / sizeof(ElfW(Shdr)) || head->e_shstrndx >= count)
        return none;
    const ElfW(Shdr) *sections = (const void *)(file + head->e_shoff);
    const ElfW(Shdr) *names = &sections[head->e_shstrndx];
    if (names->sh_offset > size || names->sh_size > size - names->sh_offset) return none;
    size_t length = strlen(name) + 1;
    for (size_t index = 0; index < count; index++) {
        size_t place = sections[index].sh_name;
        if (place > names->sh_size || names->sh_size - place < length) continue;
        if (memcmp(file + names->sh_offset + place, name, length) == 0) return sections[index];
    }
    return none;
}

static int visit_image(struct dl_phdr_info *image, size_t size, void *data) {
    (void)size;
    const struct search *search = data;
    // The program itself has no name here.
    int descriptor = open(image->dlpi_name && *image->dlpi_name ? image->dlpi_name : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    struct stat status;
    if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
        void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (file != MAP_FAILED) {
            ElfW(Shdr) found = find_section(file, (size_t)status.st_size, search->section);
            munmap(file, (size_t)status.st_size);
            if (found.sh_size && (found.sh_flags & SHF_ALLOC))
                visit_range((const void *)(image->dlpi_addr + found.sh_addr), found.sh_size, search->visit,
                            search->context);
        }
    }
    close(descriptor);
    return 0;
}

void martlet_each_record(const char *section, record_visitor visit, void *context) {
    struct search search = {section, visit, context};
    dl_iterate_phdr(visit_image, &search);
}

#endif
