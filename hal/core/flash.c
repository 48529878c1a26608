#include "hal_flash.h"

#include "hal_board.h"
#include "hal_guard.h"

static bool in_range(uint32_t address, size_t octets) {
    uint32_t size = board_flash_size();
    return octets > 0 && address < size && octets <= size - address;
}

uint32_t hal_flash_size(void) {
    return board_flash_size();
}

bool hal_flash_busy(void) {
    return board_flash_busy();
}

hal_flash_result_t hal_flash_read(uint32_t address, uint8_t *data, size_t octets) {
    if (!in_range(address, octets)) {
        return HAL_FLASH_RANGE;
    }
    if (board_flash_busy()) {
        return HAL_FLASH_BUSY;
    }
    return board_flash_read(address, data, octets) ? HAL_FLASH_OK : HAL_FLASH_FAULT;
}

hal_flash_result_t hal_flash_program(uint32_t address, const uint8_t *data, size_t octets) {
    uint8_t present[HAL_FLASH_PAGE_OCTETS];
    if (!in_range(address, octets) || octets > HAL_FLASH_PAGE_OCTETS - address % HAL_FLASH_PAGE_OCTETS) {
        return HAL_FLASH_RANGE;
    }
    if (board_flash_busy()) {
        return HAL_FLASH_BUSY;
    }
    if (!board_flash_read(address, present, octets)) {
        return HAL_FLASH_FAULT;
    }
    for (size_t i = 0; i < octets; i++) {
        if ((data[i] & ~present[i]) != 0) {
            return HAL_FLASH_NOT_ERASED;
        }
    }
    return board_flash_program(address, data, octets) ? HAL_FLASH_OK : HAL_FLASH_FAULT;
}

hal_flash_result_t hal_flash_erase(uint32_t address) {
    if (!in_range(address, HAL_FLASH_SECTOR_OCTETS) || address % HAL_FLASH_SECTOR_OCTETS != 0) {
        return HAL_FLASH_RANGE;
    }
    if (board_flash_busy()) {
        return HAL_FLASH_BUSY;
    }
    if (hal_guard_transmitting()) {
        return HAL_FLASH_TRANSMITTING;
    }
    return board_flash_erase(address) ? HAL_FLASH_OK : HAL_FLASH_FAULT;
}
