#include "hunt/runtime/sanitizer.h"

const struct mill_sanitizer mill_sanitizer = {.name = NULL};
