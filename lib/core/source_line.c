#include "core/source_line.h"

const char *mill_source_line(Dwfl_Module *module, Dwarf_Addr at, int *number)
{
    Dwfl_Line *line = dwfl_module_getsrc(module, at);
    if (line) {
        return dwfl_lineinfo(line, NULL, number, NULL, NULL, NULL);
    }
    Dwarf_Addr bias = 0;
    for (Dwarf_Die *unit = NULL; (unit = dwfl_module_nextcu(module, unit, &bias)) != NULL;) {
        Dwarf_Line *found = dwarf_haspc(unit, at - bias) == 1 ? dwarf_getsrc_die(unit, at - bias) : NULL;
        if (found && dwarf_lineno(found, number) == 0) {
            return dwarf_linesrc(found, NULL, NULL);
        }
    }
    return NULL;
}
