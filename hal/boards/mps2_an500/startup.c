/* Vector table, start of the image, memory protection and faults.
 *
 * What ends a run is in RAM (image.ld), like the guard: it may be wanted while the flash is busy. */
#include "board.h"
#include "hal_discrete.h"
#include "registers.h"

#define FAULT_BREAKPOINT_SEMIHOSTING 0xBEABu
#define RESIDENT __attribute__((section(".resident")))
#define VECTORS (16u + 32u)
#define EXCEPTION_NMI 2u
#define EXCEPTION_HARD_FAULT 3u

extern uint32_t link_code_end[], link_stack_start[], link_stack_end[];
extern uint32_t link_handler_stack_start[], link_handler_stack_end[];
extern uint32_t link_data_load[], link_data_start[], link_data_end[], link_bss_start[], link_bss_end[];

int main(void);
void timer0_interrupt(void);
void uart0_receive_interrupt(void);
void uart0_transmit_interrupt(void);
void uart1_receive_interrupt(void);
void uart1_transmit_interrupt(void);
void uart2_receive_interrupt(void);
void uart2_transmit_interrupt(void);
void uart3_receive_interrupt(void);
void uart3_transmit_interrupt(void);

/* What the core stacks at an exception. */
typedef struct {
    uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
} frame_t;

RESIDENT __attribute__((noreturn)) static void reset_core(void) {
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = AIRCR_KEY_RESET;
    for (;;) {
    }
}

static void mpu_region(uint32_t number, const void *start, uint32_t attributes) {
    MPU_RBAR = (uint32_t)start | MPU_REGION_VALID | number;
    MPU_RASR = attributes;
}

/* Loader and images read-only (2 MiB from 0); 1 KiB without access under each stack. */
static void protect_memory(void) {
    mpu_region(0, (void *)0, MPU_RASR_READ_ONLY | MPU_RASR_NORMAL_MEMORY | MPU_RASR_SIZE(21));
    mpu_region(1, link_stack_start, MPU_RASR_NO_ACCESS | MPU_RASR_SIZE(10));
    mpu_region(2, link_handler_stack_start, MPU_RASR_NO_ACCESS | MPU_RASR_SIZE(10));
    MPU_CTRL = MPU_ENABLE_WITH_DEFAULT_MAP;
    __asm volatile("dsb\n isb" ::: "memory");
}

typedef void (*vector_t)(void);
static const vector_t vectors[VECTORS];
/* The core wants the table at a multiple of its size, rounded up to a power of two. */
static vector_t vectors_in_ram[VECTORS] __attribute__((aligned(256)));

__attribute__((noreturn, used)) static void start(void) {
    /* The linker's symbols bound one object, whatever their declarations say. */
    uint32_t *from = link_data_load;
    // cppcheck-suppress comparePointers
    for (uint32_t *to = link_data_start; to < link_data_end;) {
        *to++ = *from++;
    }
    // cppcheck-suppress comparePointers
    for (uint32_t *to = link_bss_start; to < link_bss_end;) {
        *to++ = 0;
    }
    for (unsigned vector = 0; vector < VECTORS; vector++) {
        vectors_in_ram[vector] = vectors[vector];
    }
    SCB_VTOR = (uint32_t)vectors_in_ram;
    SCB_CPACR |= CPACR_FPU_ENABLE;
    SCB_SHCSR |= SHCSR_FAULTS_ENABLE;
    __asm volatile("dsb\n isb" ::: "memory");
    protect_memory();
    main();
    board_reset(HAL_RESET_SOFTWARE_FAULT);
}

/* Threads run on the process stack, so that a handler still has a stack when theirs overflows. */
__attribute__((naked, noreturn)) static void reset_handler(void) {
    __asm volatile("ldr r0, =link_stack_end\n"
                   "msr psp, r0\n"
                   "movs r0, #2\n"
                   "msr control, r0\n"
                   "isb\n"
                   "b start\n");
}

/* C part of every fault and of the watchdog's NMI: drop transmit-enable, record why, reset. A
 * semihosting call on a machine without semihosting is not a fault: it returns -1. */
RESIDENT __attribute__((used)) static void fault(frame_t *frame, uint32_t kind) {
    bool stacked = frame >= (frame_t *)link_handler_stack_start && frame < (frame_t *)link_stack_end;
    bool in_code = stacked && frame->pc < (uint32_t)link_code_end;
    if (kind == EXCEPTION_HARD_FAULT && in_code && *(uint16_t *)frame->pc == FAULT_BREAKPOINT_SEMIHOSTING) {
        SCB_HFSR = SCB_HFSR;
        frame->r0 = UINT32_MAX;
        frame->pc += 2;
        return;
    }
    board_edge_send(HAL_EDGE_TRANSMIT_OFF);
    board_record.next_cause = kind == EXCEPTION_NMI ? HAL_RESET_WATCHDOG : HAL_RESET_SOFTWARE_FAULT;
    board_record.fault_kind = kind;
    board_record.fault_pc = stacked ? frame->pc : 0;
    board_record.fault_lr = stacked ? frame->lr : 0;
    board_record.fault_status = SCB_CFSR;
    reset_core();
}

RESIDENT __attribute__((naked)) static void fault_handler(void) {
    __asm volatile("tst lr, #4\n"
                   "ite eq\n"
                   "mrseq r0, msp\n"
                   "mrsne r0, psp\n"
                   "mrs r1, ipsr\n"
                   "b fault\n");
}

RESIDENT void board_reset(hal_reset_cause_t cause) {
    board_interrupts_disable();
    board_edge_send(HAL_EDGE_TRANSMIT_OFF);
    board_record.next_cause = cause;
    board_record.fault_kind = 0;
    reset_core();
}

#define IRQ(number) [16 + (number)]

__attribute__((section(".vectors"), used)) static const vector_t vectors[VECTORS] = {
    [0] = (vector_t)link_handler_stack_end,
    [1] = reset_handler,
    [2 ... 15] = fault_handler,
    IRQ(TIMER0_IRQ) = timer0_interrupt,
    IRQ(UART0_IRQ) = uart0_receive_interrupt,
    IRQ(UART0_IRQ + 1) = uart0_transmit_interrupt,
    IRQ(UART1_IRQ) = uart1_receive_interrupt,
    IRQ(UART1_IRQ + 1) = uart1_transmit_interrupt,
    IRQ(UART2_IRQ) = uart2_receive_interrupt,
    IRQ(UART2_IRQ + 1) = uart2_transmit_interrupt,
    IRQ(6) = fault_handler,
    IRQ(7) = fault_handler,
    [16 + 9 ... 16 + 17] = fault_handler,
    [16 + 20 ... 16 + 31] = fault_handler,
    IRQ(UART3_IRQ) = uart3_receive_interrupt,
    IRQ(UART3_IRQ + 1) = uart3_transmit_interrupt,
};
