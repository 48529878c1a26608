/* The loader of this slice: starts image A. It has its own vector table and its own region. */
#include <stdint.h>

extern const uint32_t link_image_a[];
extern uint32_t link_loader_stack_end[];

/* The image's vector table begins with its initial stack pointer and its entry (ARMv7-M B1.5.2). */
__attribute__((noreturn)) static void start(void) {
    __asm volatile("msr msp, %0\n"
                   "bx %1\n" ::"r"(link_image_a[0]),
                   "r"(link_image_a[1]));
    __builtin_unreachable();
}

__attribute__((noreturn)) static void halt(void) {
    for (;;) {
    }
}

typedef void (*vector_t)(void);

__attribute__((section(".vectors"), used)) static const vector_t vectors[16] = {
    [0] = (vector_t)link_loader_stack_end,
    [1] = start,
    [2 ... 15] = halt,
};
