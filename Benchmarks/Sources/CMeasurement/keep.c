#include "keep.h"

void keep(const void *value) { (void)value; }
