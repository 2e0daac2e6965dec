/* The source line of an address, out of a program's debugging information (elfutils' libdwfl). */
#ifndef MILL_CORE_SOURCE_LINE_H
#define MILL_CORE_SOURCE_LINE_H

#include <elfutils/libdwfl.h>

/* The file as the compiler was given it, with the line in *number; NULL: not known. By the index of address
 * ranges where the compiler wrote one (gcc does, clang does not), else by asking each compilation unit. The
 * text belongs to the module, which one thread at a time may use. */
const char *mill_source_line(Dwfl_Module *module, Dwarf_Addr at, int *number);

#endif
