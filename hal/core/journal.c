/* Flash journal: see hal_journal.h for the format and what it promises. */
#include "hal_journal.h"

#include "dictionary.h"
#include "hal_board.h"
#include "hal_flash.h"
#include "hal_link.h"
#include "octets.h"

#include <stddef.h>
#include <string.h>

#define SECTORS FLASH_JOURNAL_SECTORS
#define KEYS FLASH_JOURNAL_KEYS
#define SLOTS (HAL_FLASH_SECTOR_OCTETS / HAL_JOURNAL_RECORD_OCTETS)
#define CHECKED_OCTETS 12u
#define NOWHERE 0xFFu
#define BOOT_WAIT_US 1000000u
#define FLUSH_POLL_US 1000u

/* A sector takes over with the newest record of every key before the next may be erased. */
_Static_assert(SECTORS >= 2 && SECTORS < NOWHERE, "two or more sectors");
_Static_assert(KEYS <= SLOTS / 2, "half of a sector holds every key");

typedef enum { IDLE, PROGRAMMING, ERASING } state_t;

static uint32_t values[KEYS];
static bool known[KEYS];
static bool dirty[KEYS];
static uint8_t homes[KEYS]; /* sector of the newest record, or NOWHERE */
static uint32_t sequence;   /* of the next record */
static unsigned active, next_slot;
static unsigned erased; /* sector whose erase ended in this boot, or NOWHERE */
static unsigned target; /* key that is being programmed, or sector that is being erased */
static unsigned cursor; /* key after the last one written: all get their turn */
static unsigned faults_in_row;
static uint8_t programmed[HAL_JOURNAL_RECORD_OCTETS];
static state_t state;
static hal_journal_status_t status;

static uint32_t get32(const uint8_t *data) {
    return (uint32_t)octets_get16(data) << 16 | octets_get16(data + 2);
}

static uint32_t sector_address(unsigned sector) {
    return (FLASH_JOURNAL_FIRST_SECTOR + sector) * HAL_FLASH_SECTOR_OCTETS;
}

static uint32_t slot_address(unsigned sector, unsigned slot) {
    return sector_address(sector) + slot * HAL_JOURNAL_RECORD_OCTETS;
}

static bool is_blank(const uint8_t *data, size_t octets) {
    for (size_t i = 0; i < octets; i++) {
        if (data[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

static bool is_good(const uint8_t *record) {
    return octets_get16(record) == HAL_JOURNAL_MAGIC &&
           get32(record + CHECKED_OCTETS) == hal_crc32(record, CHECKED_OCTETS, 0);
}

/* Take one slot in. Returns the sequence number after the record's, 0 for what is not one. */
static uint32_t take_record(const uint8_t *record, unsigned sector, uint32_t *sequences) {
    uint32_t number = get32(record + 4);
    unsigned key = octets_get16(record + 2);
    if (!is_good(record) || number == UINT32_MAX) {
        status.damaged++;
        return 0;
    }
    if (key < KEYS && (!known[key] || number >= sequences[key])) {
        known[key] = true;
        sequences[key] = number;
        values[key] = get32(record + 8);
        homes[key] = (uint8_t)sector;
    }
    return number + 1;
}

/* Highest sequence number after a record of the sector; *used is the slot after the last one not blank. */
static uint32_t scan_sector(unsigned sector, uint32_t *sequences, unsigned *used) {
    uint8_t page[HAL_FLASH_PAGE_OCTETS];
    uint32_t highest = 0;
    *used = 0;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        size_t offset = slot * HAL_JOURNAL_RECORD_OCTETS % sizeof page;
        if (offset == 0 && hal_flash_read(slot_address(sector, slot), page, sizeof page) != HAL_FLASH_OK) {
            status.faults++;
            memset(page, 0, sizeof page); /* neither blank nor good */
        }
        if (is_blank(&page[offset], HAL_JOURNAL_RECORD_OCTETS)) {
            continue;
        }
        *used = slot + 1;
        uint32_t after = take_record(&page[offset], sector, sequences);
        highest = after > highest ? after : highest;
    }
    return highest;
}

void hal_journal_init(void) {
    uint32_t sequences[KEYS] = {0};
    uint64_t limit_us = board_time_us() + BOOT_WAIT_US;
    memset(known, 0, sizeof known);
    memset(dirty, 0, sizeof dirty);
    memset(homes, NOWHERE, sizeof homes);
    memset(&status, 0, sizeof status);
    state = IDLE;
    erased = NOWHERE;
    cursor = 0;
    faults_in_row = 0;
    while (hal_flash_busy() && board_time_us() < limit_us) {
        board_wait(limit_us);
    }
    /* Blank flash: as if the last sector were full, so that the first record erases the first. */
    sequence = 0;
    active = SECTORS - 1;
    next_slot = SLOTS;
    for (unsigned sector = 0; sector < SECTORS; sector++) {
        unsigned used;
        uint32_t after = scan_sector(sector, sequences, &used);
        if (after > sequence) {
            sequence = after;
            active = sector;
            next_slot = used;
        }
    }
    /* What a cut left behind in another sector is brought over, so that that sector may be erased. */
    for (unsigned key = 0; key < KEYS; key++) {
        dirty[key] = known[key] && homes[key] != active;
    }
}

bool hal_journal_get(uint32_t key, uint32_t *value) {
    if (key >= KEYS || !known[key]) {
        return false;
    }
    *value = values[key];
    return true;
}

bool hal_journal_put(uint32_t key, uint32_t value) {
    if (key >= KEYS) {
        return false;
    }
    if (!known[key] || values[key] != value) {
        known[key] = true;
        values[key] = value;
        dirty[key] = true;
    }
    return true;
}

static void count_fault(void) {
    status.faults++;
    status.failed = ++faults_in_row >= HAL_JOURNAL_FAULTS_ALLOWED;
}

/* The value may have been put anew since: then the key stays dirty. */
static void end_program(void) {
    uint8_t present[HAL_JOURNAL_RECORD_OCTETS];
    state = IDLE;
    if (hal_flash_read(slot_address(active, next_slot - 1), present, sizeof present) != HAL_FLASH_OK ||
        memcmp(present, programmed, sizeof present) != 0) {
        count_fault();
        return;
    }
    faults_in_row = 0;
    homes[target] = (uint8_t)active;
    if (values[target] == get32(&programmed[8])) {
        dirty[target] = false;
    }
}

static void end_erase(void) {
    uint8_t page[HAL_FLASH_PAGE_OCTETS];
    state = IDLE;
    for (uint32_t offset = 0; offset < HAL_FLASH_SECTOR_OCTETS; offset += sizeof page) {
        if (hal_flash_read(sector_address(target) + offset, page, sizeof page) != HAL_FLASH_OK ||
            !is_blank(page, sizeof page)) {
            count_fault();
            return;
        }
    }
    faults_in_row = 0;
    erased = target;
}

static bool holds_newest(unsigned sector) {
    for (unsigned key = 0; key < KEYS; key++) {
        if (homes[key] == sector) {
            return true;
        }
    }
    return false;
}

/* The next sector round the ring without the newest record of a key. A sector is erased before each use,
 * blank or not: a cut erase may read as blank. */
static void start_erase(void) {
    for (unsigned step = 1; step < SECTORS; step++) {
        unsigned sector = (active + step) % SECTORS;
        if (holds_newest(sector)) {
            continue;
        }
        hal_flash_result_t result = hal_flash_erase(sector_address(sector));
        if (result == HAL_FLASH_OK) {
            target = sector;
            state = ERASING;
            status.erases++;
        } else if (result != HAL_FLASH_TRANSMITTING && result != HAL_FLASH_BUSY) {
            count_fault();
        }
        return;
    }
    status.failed = true;
}

static void start_program(unsigned key) {
    octets_put16(programmed, HAL_JOURNAL_MAGIC);
    octets_put16(programmed + 2, (uint16_t)key);
    octets_put32(programmed + 4, sequence);
    octets_put32(programmed + 8, values[key]);
    octets_put32(programmed + CHECKED_OCTETS, hal_crc32(programmed, CHECKED_OCTETS, 0));
    hal_flash_result_t result =
        hal_flash_program(slot_address(active, next_slot), programmed, HAL_JOURNAL_RECORD_OCTETS);
    if (result == HAL_FLASH_BUSY) {
        return;
    }
    next_slot++; /* whatever became of it, this slot was tried */
    sequence++;
    if (result != HAL_FLASH_OK) {
        count_fault();
        return;
    }
    target = key;
    cursor = (key + 1) % KEYS;
    state = PROGRAMMING;
    status.programs++;
}

/* The first dirty key from the cursor on, or KEYS. */
static unsigned next_dirty(void) {
    for (unsigned step = 0; step < KEYS; step++) {
        unsigned key = (cursor + step) % KEYS;
        if (dirty[key]) {
            return key;
        }
    }
    return KEYS;
}

/* To the sector that was erased; every key's newest record goes there. */
static void change_sector(void) {
    active = erased;
    erased = NOWHERE;
    next_slot = 0;
    for (unsigned key = 0; key < KEYS; key++) {
        dirty[key] = known[key];
    }
}

void hal_journal_step(void) {
    if (status.failed || hal_flash_busy()) {
        return;
    }
    if (state == PROGRAMMING) {
        end_program();
    } else if (state == ERASING) {
        end_erase();
    }
    if (status.failed) {
        return;
    }
    unsigned key = next_dirty();
    if (key == KEYS) {
        if (next_slot > SLOTS - KEYS && erased == NOWHERE) {
            start_erase(); /* ahead of need: it may not start while transmit is enabled */
        }
        return;
    }
    if (next_slot == SLOTS) {
        if (erased == NOWHERE) {
            start_erase();
            return;
        }
        change_sector();
    }
    start_program(key);
}

const hal_journal_status_t *hal_journal_status(void) {
    status.pending = state == PROGRAMMING;
    for (unsigned key = 0; key < KEYS; key++) {
        status.pending += dirty[key] && !(state == PROGRAMMING && key == target);
    }
    return &status;
}

bool hal_journal_put_now(uint32_t key, uint32_t value, uint32_t limit_ms) {
    uint64_t limit_us = board_time_us() + limit_ms * (uint64_t)1000;
    if (!hal_journal_put(key, value)) {
        return false;
    }
    while (dirty[key] && !status.failed && board_time_us() < limit_us) {
        cursor = key;
        hal_journal_step();
        board_wait(board_time_us() + FLUSH_POLL_US);
    }
    cursor = key;
    return !dirty[key];
}

bool hal_journal_flush(uint32_t limit_ms) {
    uint64_t limit_us = board_time_us() + limit_ms * (uint64_t)1000;
    while (hal_journal_status()->pending > 0 && !status.failed && board_time_us() < limit_us) {
        hal_journal_step();
        board_wait(board_time_us() + FLUSH_POLL_US);
    }
    return hal_journal_status()->pending == 0;
}
