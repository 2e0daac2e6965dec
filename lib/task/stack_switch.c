#include "task/stack_switch.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

/* rdi: from, rsi: to. Preserved by a callee: rbx, rbp, r12 to r15, the control words of the SSE and x87
 * units. */
__asm__(".text\n"
        ".globl mill_stack_switch\n"
        ".type mill_stack_switch, @function\n"
        "mill_stack_switch:\n"
        "    endbr64\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq (%rsi), %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size mill_stack_switch, . - mill_stack_switch\n");

/* What a switch takes from a stack, the lowest address first. */
struct saved {
    uint32_t sse_control;
    uint16_t x87_control, unused;
    uint64_t registers[6];
    void (*resume_at)(void);
    uint64_t no_caller; /* a return address of zero ends a debugger's walk, and keeps the entry's alignment */
};

void mill_stack_prepare(struct mill_stack_context *context, void *stack, size_t size, void (*entry)(void))
{
    struct saved *saved = (struct saved *)(void *)((char *)stack + size - sizeof(struct saved));
    memset(saved, 0, sizeof *saved);
    __asm__ volatile("stmxcsr %0" : "=m"(saved->sse_control));
    __asm__ volatile("fnstcw %0" : "=m"(saved->x87_control));
    saved->resume_at = entry;
    context->stack_pointer = saved;
}

#elif defined(__aarch64__)

/* x0: from, x1: to. Preserved by a callee: x19 to x30, d8 to d15. */
__asm__(".text\n"
        ".globl mill_stack_switch\n"
        ".type mill_stack_switch, %function\n"
        "mill_stack_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x2, sp\n"
        "    str x2, [x0]\n"
        "    ldr x2, [x1]\n"
        "    mov sp, x2\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size mill_stack_switch, . - mill_stack_switch\n");

struct saved {
    uint64_t registers[11];
    void (*resume_at)(void); /* x30 */
    uint64_t vectors[8];
};

void mill_stack_prepare(struct mill_stack_context *context, void *stack, size_t size, void (*entry)(void))
{
    struct saved *saved = (struct saved *)(void *)((char *)stack + size - sizeof(struct saved));
    memset(saved, 0, sizeof *saved);
    saved->resume_at = entry;
    context->stack_pointer = saved;
}

#else

void mill_stack_prepare(struct mill_stack_context *context, void *stack, size_t size, void (*entry)(void))
{
    getcontext(&context->context);
    context->context.uc_stack.ss_sp = stack;
    context->context.uc_stack.ss_size = size;
    context->context.uc_link = NULL;
    makecontext(&context->context, entry, 0);
}

void mill_stack_switch(struct mill_stack_context *from, struct mill_stack_context *to)
{
    swapcontext(&from->context, &to->context);
}

#endif
