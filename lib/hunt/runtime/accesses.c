#include "hunt/runtime/accesses.h"

#include <link.h>
#include <string.h>

#include "hunt/runtime/check.h"
#include "hunt/runtime/sanitizer.h"

#define CONSTANTS 8

/* Bytes of a read that tell whether it found the same again. */
#define LOOKED_AT 256

bool mill_accesses_of_program;

/* Segments of the program that nobody can write to. */
static struct {
    uintptr_t from, to;
} constants[CONSTANTS];
static unsigned constant_count;

/* Of the program itself, which comes first. */
static int keep_constants(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (unsigned i = 0; i < info->dlpi_phnum && constant_count < CONSTANTS; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && !(info->dlpi_phdr[i].p_flags & PF_W)) {
            constants[constant_count].from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            constants[constant_count].to = constants[constant_count].from + info->dlpi_phdr[i].p_memsz;
            constant_count++;
        }
    }
    return 1;
}

void mill_accesses_open(void)
{
    constant_count = 0;
    dl_iterate_phdr(keep_constants, NULL);
    mill_accesses_of_program = true;
}

static bool is_constant(const volatile void *address)
{
    for (unsigned i = 0; i < constant_count; i++) {
        if ((uintptr_t)address - constants[i].from < constants[i].to - constants[i].from) {
            return true;
        }
    }
    return false;
}

bool mill_accesses_checked_elsewhere(void)
{
    return mill_sanitizer.races == MILL_SANITIZER_RACES_ITS;
}

static struct mill_step step_of(enum mill_step_kind kind, const volatile void *address, size_t size,
                                const void *pc)
{
    return (struct mill_step){
        .kind = (uint8_t)kind,
        .size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX,
        .object = (uintptr_t)address,
        .pc = pc,
    };
}

static void check(const struct mill_step *step)
{
    if (step->size > 0 && !mill_accesses_checked_elsewhere()) {
        mill_check_step(step);
    }
}

/* Who reads the same again and again is waiting. */
static void look(const struct mill_step *step)
{
    const unsigned char *bytes = (const unsigned char *)step->object;
    uint64_t sum = 0xcbf29ce484222325u; /* FNV-1a (Fowler, Noll, Vo) */
    for (uint32_t i = 0; i < step->size && i < LOOKED_AT; i++) {
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    }
    mill_looked(step->pc, step->object, sum);
}

void mill_reads(const volatile void *from, size_t size, const void *pc)
{
    if (!from || size == 0 || is_constant(from)) {
        return;
    }
    const struct mill_step step = step_of(MILL_STEP_READ, from, size, pc);
    mill_point(&step);
    check(&step);
    look(&step);
}

void mill_writes(volatile void *to, size_t size, const void *pc)
{
    if (size > 0) {
        const struct mill_step step = mill_will_write(to, size, pc);
        check(&step);
    }
}

/* It is as long as it is when it is read: others run at the point, and may change it. Whatever makes it
 * longer writes over its end, which the step has among its bytes. */
size_t mill_reads_text(const char *text, size_t most, const void *pc)
{
    if (!text || most == 0) {
        return 0;
    }
    mill_stand_at(pc); /* it may be no address */
    size_t size = mill_bytes_up_to(text, '\0', most, true);
    if (is_constant(text)) {
        return size;
    }
    struct mill_step step = step_of(MILL_STEP_READ, text, size, pc);
    mill_point(&step);
    size = mill_bytes_up_to(text, '\0', most, true);
    step = step_of(MILL_STEP_READ, text, size, pc);
    check(&step);
    look(&step);
    return size;
}

struct mill_step mill_will_write(volatile void *to, size_t most, const void *pc)
{
    const struct mill_step step = step_of(MILL_STEP_WRITE, to, most, pc);
    mill_point(&step);
    mill_progressed();
    return step;
}

void mill_has_written(const struct mill_step *step, size_t size)
{
    const struct mill_step done =
        step_of(MILL_STEP_WRITE, (const void *)step->object, size, step->pc); /* NOLINT */
    check(&done);
}
