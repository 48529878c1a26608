/* Transmit-enable, watchdog, reset, no-init memory and flash of the host board. */
#include "host.h"

#include "hal_discrete.h"
#include "hal_flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The loader's time from reset to the image's start. */
#define BOOT_US 50000u

static hal_reset_cause_t cause;

static void power_on(void) {
    memset(host->flash, 0xFF, sizeof host->flash);
    host->tick_us = 1000;
    host->pps_us = 1000000;
    host->units_us = 10000;
    host->grant_us = host_controlled() ? 0 : HOST_NEVER;
    host->next_cause = HAL_RESET_POWER_ON;
    host->alarm = host_controlled(); /* until the bench tells the level */
}

void board_init(void) {
    if (!host->was_powered) {
        power_on();
    }
    host->watchdog_us = HOST_NEVER;
    host->hang_ms = 0;
    host_lines_reset();
    cause = host->next_cause;
    host->was_powered = true;
    host->next_cause = HAL_RESET_SOFTWARE_FAULT; /* unless a reset says otherwise */
    board_transmit_enable(false);
    host_advance(host->now_us + BOOT_US);
}

hal_reset_cause_t board_reset_cause(void) {
    return cause;
}

void host_note_reset(hal_reset_cause_t reset_cause) {
    cause = reset_cause;
}

void board_transmit_enable(bool on) {
    if (on != host->transmit_enable) {
        host->transmit_enable = on;
        host_units_step();
        sim_transmit_enable(host->sim, on);
        host_control_send_time('D', host->now_us, on ? HAL_EDGE_TRANSMIT_ON : HAL_EDGE_TRANSMIT_OFF);
    }
}

bool board_alarm(void) {
    return host->alarm;
}

void board_watchdog_start(uint32_t timeout_ms) {
    host->watchdog_timeout_us = (uint64_t)timeout_ms * 1000u;
    host->watchdog_us = host->now_us + host->watchdog_timeout_us;
}

void board_watchdog_feed(void) {
    if (host->watchdog_us != HOST_NEVER) {
        host->watchdog_us = host->now_us + host->watchdog_timeout_us;
    }
}

/* Without a bench there is nobody to start the next boot: the process ends with the cause. */
void board_reset(hal_reset_cause_t reset_cause) {
    uint8_t octet = (uint8_t)reset_cause;
    board_transmit_enable(false);
    host->next_cause = reset_cause;
    host_control_send('X', &octet, 1);
    if (!host_controlled()) {
        fprintf(stderr, "emei-host: reset, cause %d\n", (int)reset_cause);
    }
    _exit(HOST_EXIT_RESET + (int)reset_cause);
}

void *board_noinit(size_t *size_octets) {
    *size_octets = sizeof host->noinit;
    return host->noinit;
}

static bool in_flash(uint32_t address, size_t octets) {
    return address <= HOST_FLASH_OCTETS && octets <= HOST_FLASH_OCTETS - address;
}

uint32_t board_flash_size(void) {
    return HOST_FLASH_OCTETS;
}

bool board_flash_busy(void) {
    return host->now_us < host->flash_busy_us;
}

bool board_flash_read(uint32_t address, uint8_t *data, size_t octets) {
    if (board_flash_busy() || !in_flash(address, octets)) {
        return false;
    }
    memcpy(data, host->flash + address, octets);
    return true;
}

bool board_flash_program(uint32_t address, const uint8_t *data, size_t octets) {
    if (board_flash_busy() || !in_flash(address, octets) || octets > HAL_FLASH_PAGE_OCTETS) {
        return false;
    }
    for (size_t i = 0; i < octets; i++) {
        host->flash[address + i] &= data[i];
    }
    host->flash_busy_us = host->now_us + HAL_FLASH_PROGRAM_US;
    return true;
}

bool board_flash_erase(uint32_t address) {
    if (board_flash_busy() || address % HAL_FLASH_SECTOR_OCTETS != 0 || !in_flash(address, HAL_FLASH_SECTOR_OCTETS)) {
        return false;
    }
    memset(host->flash + address, 0xFF, HAL_FLASH_SECTOR_OCTETS);
    host->flash_busy_us = host->now_us + HAL_FLASH_ERASE_US;
    return true;
}
