#include "harness/stacks.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <string.h>

#include "core/source_line.h"
#include "core/text.h"

enum {
    frames_max = 64,
};

struct writer {
    Dwfl *dwfl;
    pid_t process;
    struct mill_text text;
    int frame;
    unsigned threads, left_out;
    bool (*interrupted)(void *context);
    void *context;
};

static int write_frame(Dwfl_Frame *frame, void *argument)
{
    struct writer *writer = argument;
    Dwarf_Addr pc;
    bool activation;
    if (!dwfl_frame_pc(frame, &pc, &activation)) {
        return DWARF_CB_ABORT;
    }
    /* A return address may be the first byte of the next line: look one byte before it. */
    Dwarf_Addr at = activation ? pc : pc - 1;
    Dwfl_Module *module = dwfl_addrmodule(writer->dwfl, at);
    const char *name = module ? dwfl_module_addrname(module, at) : NULL;
    mill_text_add(&writer->text, "  #%d %s", writer->frame, name ? name : "?");
    int number = 0;
    const char *source = module ? mill_source_line(module, at, &number) : NULL;
    if (source) {
        const char *base = strrchr(source, '/');
        mill_text_add(&writer->text, " %s:%d", base ? base + 1 : source, number);
    }
    mill_text_add(&writer->text, "\n");
    return ++writer->frame < frames_max ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static int write_thread(Dwfl_Thread *thread, void *argument)
{
    struct writer *writer = argument;
    char path[64], name[32] = "?";
    bool enough = writer->threads == MILL_STACKS_MAX || writer->left_out > 0;
    if (enough || (writer->interrupted && writer->interrupted(writer->context))) {
        writer->left_out++;
        return DWARF_CB_OK;
    }
    writer->threads++;
    snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)writer->process, (int)dwfl_thread_tid(thread));
    FILE *file = fopen(path, "re");
    if (file) {
        if (fgets(name, sizeof name, file)) {
            name[strcspn(name, "\n")] = '\0';
        }
        fclose(file);
    }
    mill_text_add(&writer->text, "thread %d (%s)\n", (int)dwfl_thread_tid(thread), name);
    writer->frame = 0;
    dwfl_thread_getframes(thread, write_frame, writer);
    return DWARF_CB_OK;
}

char *mill_stacks_of(pid_t process, bool (*interrupted)(void *context), void *context)
{
    static char *no_separate_debug_files;
    static const Dwfl_Callbacks callbacks = {
        .find_elf = dwfl_linux_proc_find_elf,
        .find_debuginfo = dwfl_standard_find_debuginfo,
        .debuginfo_path = &no_separate_debug_files,
    };
    struct writer writer = {
        .process = process, .dwfl = dwfl_begin(&callbacks), .interrupted = interrupted, .context = context};
    bool attached = writer.dwfl && dwfl_linux_proc_report(writer.dwfl, process) == 0 &&
                    dwfl_report_end(writer.dwfl, NULL, NULL) == 0 &&
                    dwfl_linux_proc_attach(writer.dwfl, process, false) == 0;
    if (!attached || dwfl_getthreads(writer.dwfl, write_thread, &writer) != 0) {
        const char *why = dwfl_errmsg(-1);
        mill_text_add(&writer.text, "the stacks of process %d could not all be read: %s\n", (int)process,
                      why ? why : "no reason given");
    }
    if (writer.left_out > 0) {
        mill_text_add(&writer.text, "the stacks of %u more threads are left out\n", writer.left_out);
    }
    dwfl_end(writer.dwfl);
    return writer.text.text;
}
