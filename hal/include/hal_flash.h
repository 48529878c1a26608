/* NOR flash contract: reads any time it is not busy; programming turns 1 bits to 0 within one page
 * and never 0 to 1; erase sets a whole sector to 1. Operations are started and polled; while one
 * is under way the flash is busy for a realistic time. An erase is refused while transmit-enable
 * is on (payload.md, level of the transmit guard). */
#ifndef HAL_FLASH_H
#define HAL_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAL_FLASH_PAGE_OCTETS 256
#define HAL_FLASH_SECTOR_OCTETS 4096
#define HAL_FLASH_PROGRAM_US 700
#define HAL_FLASH_ERASE_US 60000

typedef enum {
    HAL_FLASH_OK = 0,
    HAL_FLASH_BUSY = 1,
    HAL_FLASH_RANGE = 2,      /* outside the flash, across a page, or not at a sector's start */
    HAL_FLASH_NOT_ERASED = 3, /* would turn a 0 into a 1 */
    HAL_FLASH_TRANSMITTING = 4,
    HAL_FLASH_FAULT = 5
} hal_flash_result_t;

uint32_t hal_flash_size(void);
bool hal_flash_busy(void);
hal_flash_result_t hal_flash_read(uint32_t address, uint8_t *data, size_t octets);
hal_flash_result_t hal_flash_program(uint32_t address, const uint8_t *data, size_t octets);
hal_flash_result_t hal_flash_erase(uint32_t address);

#endif
