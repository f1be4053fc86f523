#pragma once
#include <zlib.h>

#if ZLIB_VERNUM < 0x12c0
#error "Martlet needs zlib 1.2.12 or later (crc32_combine_gen): install a newer zlib1g-dev."
#endif
