#include "hunt/lines.h"

#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "core/source_line.h"

struct mill_lines {
    Dwfl *dwfl;
    Dwfl_Module *module;
};

static char *debug_path;

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

struct mill_lines *mill_lines_open(const char *program, uintptr_t base)
{
    struct mill_lines *lines = calloc(1, sizeof *lines);
    if (!lines) {
        return NULL;
    }
    lines->dwfl = dwfl_begin(&callbacks);
    if (lines->dwfl) {
        lines->module = dwfl_report_elf(lines->dwfl, program, program, -1, base, true);
        dwfl_report_end(lines->dwfl, NULL, NULL);
    }
    return lines;
}

void mill_lines_close(struct mill_lines *lines)
{
    if (lines) {
        dwfl_end(lines->dwfl);
        free(lines);
    }
}

static const char *without_folders(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct mill_line mill_lines_find(struct mill_lines *lines, uintptr_t address)
{
    struct mill_line found = {.function = "?", .file = "?", .path = "?"};
    if (!lines->module || address == 0) {
        return found;
    }
    Dwarf_Addr at = address - 1;
    const char *function = dwfl_module_addrname(lines->module, at);
    const char *file = mill_source_line(lines->module, at, &found.line);
    found.function = function ? function : found.function;
    found.runtime = file && strstr(file, "lib/hunt/runtime/");
    found.path = file ? file : found.path;
    found.file = file ? without_folders(file) : found.file;
    return found;
}
