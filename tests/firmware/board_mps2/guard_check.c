/* The transmit guard with the flash shut: nothing that stands there can be run or read, as while a real NOR flash
 * erases. Prints what it finds, one `name value` a line, on the console. tests/firmware/test_board_mps2.py judges.
 *
 * First nobody sends a heartbeat; then the heartbeat goes on, and the alarm has to come. */
#include "boards/mps2_an500/board.h"
#include "boards/mps2_an500/registers.h"
#include "hal_discrete.h"
#include "hal_guard.h"
#include "hal_memory.h"
#include "hal_noinit.h"
#include "hal_serial.h"
#include "hal_time.h"

#include "report.h"

#include <string.h>

#define TAKE_LIMIT_MS 60000u
#define FLASH_REGION 3u /* of the highest number, which wins over those of the board */

static void print(const char *text) {
    hal_serial_write(HAL_SERIAL_CONSOLE, (const uint8_t *)text, strlen(text));
}

/* Itself in RAM: shut the flash until transmit-enable is dropped. */
__attribute__((section(".resident"), noinline)) static void with_flash_shut(bool heartbeat) {
    MPU_RBAR = MPU_REGION_VALID | FLASH_REGION;
    MPU_RASR = MPU_RASR_NO_ACCESS | MPU_RASR_SIZE(21);
    __asm volatile("dsb\n isb" ::: "memory");
    while (hal_guard_transmitting()) {
        if (heartbeat) {
            hal_guard_heartbeat();
        }
    }
    MPU_RBAR = MPU_REGION_VALID | FLASH_REGION;
    MPU_RASR = 0;
    __asm volatile("dsb\n isb" ::: "memory");
}

static void transmit(const char *name, bool heartbeat) {
    hal_guard_heartbeat();
    uint64_t start_us = board_time_us();
    report("transmitting", hal_guard_permit(TAKE_LIMIT_MS) && hal_guard_transmit(true));
    wait_ms(20); /* the console is empty */
    with_flash_shut(heartbeat);
    report(name, board_time_us() - start_us);
    report("reason", hal_guard_last_reason());
}

int main(void) {
    board_init();
    hal_noinit_init();
    hal_serial_init();
    hal_discrete_init();
    hal_memory_init();
    hal_time_init();
    hal_guard_init();
    report("cause", (uint32_t)board_reset_cause());
    report("vectors", SCB_VTOR);
    if (board_reset_cause() == HAL_RESET_POWER_ON) {
        hal_discrete_edge(HAL_EDGE_ALARM_OFF, board_time_us()); /* nobody told the board the alarm's level */
        transmit("heartbeat_us", false);
        transmit("alarm_us", true);
    }
    print("done\n");
    for (;;) {
        board_wait(UINT64_MAX);
    }
}
