/* Shared between the files of this board only, and with its port. */
#ifndef MPS2_AN500_BOARD_H
#define MPS2_AN500_BOARD_H

#include "hal_board.h"

/* What the board itself keeps over a warm reset. */
#define BOARD_RECORD_MAGIC 0x456D6569u
typedef struct {
    uint32_t magic;      /* BOARD_RECORD_MAGIC when the rest has meaning */
    uint32_t next_cause; /* hal_reset_cause_t of the boot to come */
    uint64_t time_us;    /* last time seen by the tick */
    int32_t flash_file;  /* semihosting handle, which outlives the guest's reset; 0: none */
    uint32_t fault_kind, fault_pc, fault_lr, fault_status; /* of the last fault, see board_fault */
} board_record_t;

extern board_record_t board_record;

void board_time_init(void);
uint32_t board_ticks(void); /* 1 ms ticks since the start of the image */
void board_flash_init(void);
void board_interrupt_enable(unsigned irq, uint8_t priority);

/* Put an edge on the discrete line at once, without the ring: from interrupts and at reset. */
void board_edge_send(uint8_t code);

/* An edge arrived on the discrete line (interrupt context). */
void board_edge_received(uint8_t code, uint64_t time_us);

/* A console octet arrived (interrupt context). A port that takes it returns true; by default it
 * goes to the console's receive ring. */
bool board_console_octet(uint8_t octet);

/* The fault that ended the last run: exception number, its PC, LR and CFSR; false when none did. */
bool board_fault(uint32_t *kind, uint32_t *pc, uint32_t *lr, uint32_t *status);

#endif
