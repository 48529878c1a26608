/* A program on the bare board, without core and MicroPython: goes through its resets and prints
 * what it finds, one `name value` a line, on the console. tests/firmware/test_board_mps2.py judges.
 *
 * Boots: 0 clock, flash, then a commanded reset; 1 watchdog; 2 stack overflow; 3 write to code;
 * 4 end. The link line echoes; a raised alarm on the discrete line is told. */
#include "boards/mps2_an500/board.h"
#include "boards/mps2_an500/registers.h"
#include "hal_discrete.h"
#include "hal_flash.h"
#include "hal_guard.h"
#include "hal_serial.h"

#include "report.h"

#define CLOCK_TICKS 500u
#define WATCHDOG_MS 100u
#define FLASH_ADDRESS 0x12300u

typedef struct {
    uint32_t boot;
    uint64_t last_us;
} kept_t;

static uint8_t output[2][4096];
static volatile uint32_t output_head[2], output_tail[2];
static volatile uint32_t alarm_edges;
static volatile uint64_t tick_before_us;
static volatile bool tick_went_back;

static unsigned ring_of(hal_serial_port_t port) {
    return port == HAL_SERIAL_LINK ? 1 : 0;
}

void hal_guard_tick(uint64_t now_us) {
    tick_went_back = tick_went_back || now_us < tick_before_us;
    tick_before_us = now_us;
}

void hal_discrete_edge(uint8_t code, uint64_t time_us) {
    (void)time_us;
    alarm_edges += code == HAL_EDGE_ALARM_ON;
}

bool hal_serial_next(hal_serial_port_t port, uint8_t *octet) {
    unsigned ring = ring_of(port);
    if ((port != HAL_SERIAL_LINK && port != HAL_SERIAL_CONSOLE) || output_head[ring] == output_tail[ring]) {
        return false;
    }
    *octet = output[ring][output_tail[ring]++ % sizeof output[ring]];
    return true;
}

void hal_serial_received(hal_serial_port_t port, uint8_t octet) {
    if (port == HAL_SERIAL_LINK) {
        output[1][output_head[1]++ % sizeof output[1]] = octet;
        board_serial_start(HAL_SERIAL_LINK);
    }
}

static void print(const char *text) {
    while (*text != '\0') {
        output[0][output_head[0]++ % sizeof output[0]] = (uint8_t)*text++;
    }
    board_serial_start(HAL_SERIAL_CONSOLE);
}

static void check_clock(void) {
    uint32_t first = board_ticks();
    while (board_ticks() == first) {
    }
    uint64_t start_us = board_time_us();
    first = board_ticks();
    while (board_ticks() - first < CLOCK_TICKS) {
    }
    report("clock_us", board_time_us() - start_us);

    FPGAIO_COUNTER = UINT32_MAX - 3000u;
    board_time_us();
    wait_ms(10);
    report("wraps", board_time_us() >> 32);
    report("tick_went_back", tick_went_back);
}

static void check_flash(void) {
    uint8_t data[4] = {0};
    report("flash_read", board_flash_read(FLASH_ADDRESS, data, sizeof data));
    board_flash_erase(FLASH_ADDRESS & ~(HAL_FLASH_SECTOR_OCTETS - 1u));
    report("flash_busy", board_flash_busy());
    wait_ms(HAL_FLASH_ERASE_US / 1000u + 1u);
    report("flash_busy_after", board_flash_busy());
    report("flash_program", board_flash_program(FLASH_ADDRESS, (const uint8_t *)"\xF3\x0F\xAA\x55", 4));
    wait_ms(2);
    board_flash_program(FLASH_ADDRESS, (const uint8_t *)"\x3F\xFF\xFF\xFF", 4);
    wait_ms(2);
    board_flash_read(FLASH_ADDRESS, data, sizeof data);
    report("flash_data", (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3]);
}

static void check_watchdog(void) {
    board_watchdog_start(WATCHDOG_MS);
    for (unsigned i = 0; i < 10; i++) {
        wait_ms(WATCHDOG_MS / 3u);
        board_watchdog_feed();
    }
    print("fed\n");
    board_interrupts_disable();
    for (;;) {
    }
}

__attribute__((noinline)) static uint32_t overflow(volatile uint32_t *above) {
    volatile uint32_t here[64] = {*above};
    return overflow(here) + here[0];
}

int main(void) {
    uint32_t kind, pc, lr, status;
    size_t size_octets;
    board_init();
    kept_t *kept = board_noinit(&size_octets);
    board_serial_open(HAL_SERIAL_LINK, 115200);
    board_serial_open(HAL_SERIAL_CONSOLE, 115200);
    bool cold = board_reset_cause() == HAL_RESET_POWER_ON;
    kept->boot = cold ? 0 : kept->boot + 1;
    report("boot", kept->boot);
    report("cause", (uint32_t)board_reset_cause());
    report("exception", board_fault(&kind, &pc, &lr, &status) ? kind : 0);
    report("time_goes_on", cold || board_time_us() >= kept->last_us);
    wait_ms(20);
    kept->last_us = board_time_us() - 2000u; /* the last tick may be that old */

    switch (kept->boot) {
    case 0:
        check_clock();
        check_flash();
        wait_ms(20);
        board_reset(HAL_RESET_COMMANDED);
    case 1:
        check_watchdog();
        break;
    case 2:
        overflow(&kind);
        break;
    case 3:
        *(volatile uint32_t *)0x00020000 = 0;
        break;
    default:
        break;
    }
    wait_ms(20);
    print("done\n");
    while (alarm_edges == 0) {
        board_wait(UINT64_MAX);
    }
    print("alarm\n");
    for (;;) {
        board_wait(UINT64_MAX);
    }
}
