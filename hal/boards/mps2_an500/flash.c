/* NOR flash over a file of the emulator (Arm semihosting, file flash.bin of 4 MiB).
 *
 * Programming only clears bits, erasing sets a sector; either leaves the flash busy for the time
 * hal_flash.h states. The file is open over warm resets. Without semihosting every operation
 * fails. Not callable from interrupts. */
#include "board.h"
#include "hal_flash.h"

#include <string.h>

#define FLASH_OCTETS (4u * 1024u * 1024u)
#define SYS_OPEN 0x01u
#define SYS_WRITE 0x05u
#define SYS_READ 0x06u
#define SYS_SEEK 0x0Au
#define SYS_FLEN 0x0Cu
#define OPEN_UPDATE 3u /* "r+b" */
#define OPEN_CREATE 7u /* "w+b" */

static const char file_name[] = "flash.bin";
static uint64_t busy_until_us;
static uint8_t buffer[HAL_FLASH_SECTOR_OCTETS];

static int32_t semihosting(uint32_t operation, const uint32_t *arguments) {
    register uint32_t r0 __asm("r0") = operation;
    register const uint32_t *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static int32_t file_open(uint32_t mode) {
    return semihosting(SYS_OPEN, (uint32_t[]){(uint32_t)file_name, mode, sizeof file_name - 1u});
}

static bool file_seek(uint32_t address) {
    return semihosting(SYS_SEEK, (uint32_t[]){(uint32_t)board_record.flash_file, address}) == 0;
}

/* SYS_READ and SYS_WRITE return the number of octets they left undone. */
static bool file_transfer(uint32_t operation, uint32_t address, const uint8_t *data, size_t octets) {
    return board_record.flash_file > 0 && file_seek(address) &&
           semihosting(operation, (uint32_t[]){(uint32_t)board_record.flash_file, (uint32_t)data, octets}) == 0;
}

static bool in_flash(uint32_t address, size_t octets) {
    return address <= FLASH_OCTETS && octets <= FLASH_OCTETS - address;
}

/* A new or short file is filled up with erased sectors. */
void board_flash_init(void) {
    busy_until_us = 0;
    if (board_record.flash_file > 0) {
        return;
    }
    int32_t file = file_open(OPEN_UPDATE);
    if (file <= 0) {
        file = file_open(OPEN_CREATE);
    }
    board_record.flash_file = file > 0 ? file : 0;
    if (file <= 0) {
        return;
    }
    int32_t length = semihosting(SYS_FLEN, (uint32_t[]){(uint32_t)file});
    uint32_t address = length > 0 ? (uint32_t)length / HAL_FLASH_SECTOR_OCTETS * HAL_FLASH_SECTOR_OCTETS : 0;
    memset(buffer, 0xFF, sizeof buffer);
    for (; address < FLASH_OCTETS; address += HAL_FLASH_SECTOR_OCTETS) {
        if (!file_transfer(SYS_WRITE, address, buffer, sizeof buffer)) {
            board_record.flash_file = 0;
            return;
        }
    }
}

uint32_t board_flash_size(void) {
    return FLASH_OCTETS;
}

bool board_flash_busy(void) {
    return board_time_us() < busy_until_us;
}

bool board_flash_read(uint32_t address, uint8_t *data, size_t octets) {
    return !board_flash_busy() && in_flash(address, octets) && file_transfer(SYS_READ, address, data, octets);
}

bool board_flash_program(uint32_t address, const uint8_t *data, size_t octets) {
    if (octets > HAL_FLASH_PAGE_OCTETS || !board_flash_read(address, buffer, octets)) {
        return false;
    }
    for (size_t i = 0; i < octets; i++) {
        buffer[i] &= data[i];
    }
    busy_until_us = board_time_us() + HAL_FLASH_PROGRAM_US;
    return file_transfer(SYS_WRITE, address, buffer, octets);
}

bool board_flash_erase(uint32_t address) {
    if (address % HAL_FLASH_SECTOR_OCTETS != 0 || !in_flash(address, HAL_FLASH_SECTOR_OCTETS) || board_flash_busy()) {
        return false;
    }
    memset(buffer, 0xFF, sizeof buffer);
    busy_until_us = board_time_us() + HAL_FLASH_ERASE_US;
    return file_transfer(SYS_WRITE, address, buffer, sizeof buffer);
}
