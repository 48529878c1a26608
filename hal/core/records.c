/* Records in two copies and a journal: see hal_records.h for the format and what it promises. */
#include "hal_records.h"

#include "dictionary.h"
#include "hal_board.h"
#include "hal_flash.h"
#include "hal_link.h"
#include "octets.h"

#include <string.h>

#define PLACES HAL_RECORDS_PLACES
#define CELL_OCTETS 64u
#define CELLS (HAL_FLASH_SECTOR_OCTETS / CELL_OCTETS)
#define PAGE_CELLS (HAL_FLASH_PAGE_OCTETS / CELL_OCTETS)
#define PAGES (HAL_FLASH_SECTOR_OCTETS / HAL_FLASH_PAGE_OCTETS)
#define CHECKED_OCTETS (CELL_OCTETS - 4u)
#define CONTENT_AT 8u
#define MAGIC 0x4543u
#define JOURNAL_FULL_AT (CELLS / 2)
#define FAULTS_ALLOWED 8u
#define BOOT_WAIT_US 1000000u

_Static_assert(PLACES == CELLS, "a copy is one sector");
_Static_assert(CONTENT_AT + HAL_RECORDS_CONTENT_OCTETS == CHECKED_OCTETS, "the content fits its cell");

/* Sectors, and as bits the homes of a place's newest content in flash. */
enum { COPY_A, COPY_B, JOURNAL, SECTORS };
#define IN(sector) (1u << (sector))
#define IN_COPIES (IN(COPY_A) | IN(COPY_B))

typedef enum { IDLE, APPENDING, WRITING, ERASING } state_t;

static uint8_t contents[PLACES][HAL_RECORDS_CONTENT_OCTETS];
static uint32_t numbers[PLACES]; /* of the content in memory; 0: never put */
static uint8_t homes[PLACES];    /* of the newest content in flash */
static bool dirty[PLACES];       /* the content in memory is newer than that */
static uint32_t last_number;
static unsigned next_cell;                    /* of the journal */
static unsigned to_rewrite;                   /* copies, as bits */
static bool clears_journal;                   /* when both copies are good */
static unsigned written_sector, written_page; /* of the copy that is being written; page PAGES: none */
static unsigned target;                       /* place that is being appended, or sector that is being erased */
static uint8_t page[HAL_FLASH_PAGE_OCTETS];
static unsigned faults_in_row;
static state_t state;
static hal_records_status_t status;

static uint32_t get32(const uint8_t *data) {
    return (uint32_t)octets_get16(data) << 16 | octets_get16(data + 2);
}

static uint32_t sector_address(unsigned sector) {
    return (FLASH_RECORDS_FIRST_SECTOR + sector) * HAL_FLASH_SECTOR_OCTETS;
}

static bool is_blank(const uint8_t *data, size_t octets) {
    for (size_t i = 0; i < octets; i++) {
        if (data[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

static bool is_good(const uint8_t *cell) {
    return octets_get16(cell) == MAGIC && cell[2] < PLACES && get32(cell + 4) != 0 &&
           get32(cell + CHECKED_OCTETS) == hal_crc32(cell, CHECKED_OCTETS, 0);
}

static void take_cell(const uint8_t *cell, unsigned sector) {
    unsigned place = cell[2];
    uint32_t number = get32(cell + 4);
    if (number > numbers[place]) {
        numbers[place] = number;
        memcpy(contents[place], cell + CONTENT_AT, HAL_RECORDS_CONTENT_OCTETS);
        homes[place] = 0;
    }
    if (number == numbers[place]) {
        homes[place] |= (uint8_t)IN(sector);
    }
    last_number = number > last_number ? number : last_number;
}

/* The number of cells that are neither blank nor good; *used is the cell after the last one not blank. */
static uint32_t scan_sector(unsigned sector, unsigned *used) {
    uint32_t damaged = 0;
    *used = 0;
    for (unsigned cell = 0; cell < CELLS; cell++) {
        size_t offset = cell % PAGE_CELLS * CELL_OCTETS;
        if (offset == 0 &&
            hal_flash_read(sector_address(sector) + cell * CELL_OCTETS, page, sizeof page) != HAL_FLASH_OK) {
            status.faults++;
            memset(page, 0, sizeof page);
        }
        if (is_blank(&page[offset], CELL_OCTETS)) {
            continue;
        }
        *used = cell + 1;
        if (is_good(&page[offset])) {
            take_cell(&page[offset], sector);
        } else {
            damaged++;
        }
    }
    return damaged;
}

void hal_records_init(void) {
    uint64_t limit_us = board_time_us() + BOOT_WAIT_US;
    unsigned used;
    memset(numbers, 0, sizeof numbers);
    memset(homes, 0, sizeof homes);
    memset(dirty, 0, sizeof dirty);
    memset(&status, 0, sizeof status);
    state = IDLE;
    last_number = 0;
    faults_in_row = 0;
    written_page = PAGES;
    while (hal_flash_busy() && board_time_us() < limit_us) {
        board_wait(limit_us);
    }
    status.damaged_a = scan_sector(COPY_A, &used);
    status.damaged_b = scan_sector(COPY_B, &used);
    status.damaged_journal = scan_sector(JOURNAL, &next_cell);
    /* What reads as blank may be the trace of a cut erase, and what reads as good may not last. */
    to_rewrite = IN_COPIES;
    clears_journal = true;
}

bool hal_records_get(unsigned place, uint8_t *data, size_t octets) {
    if (place >= PLACES || octets > HAL_RECORDS_CONTENT_OCTETS || numbers[place] == 0) {
        return false;
    }
    memcpy(data, contents[place], octets);
    return true;
}

static void make_cell(uint8_t *cell, unsigned place) {
    octets_put16(cell, MAGIC);
    cell[2] = (uint8_t)place;
    cell[3] = 0;
    octets_put32(cell + 4, numbers[place]);
    memcpy(cell + CONTENT_AT, contents[place], HAL_RECORDS_CONTENT_OCTETS);
    octets_put32(cell + CHECKED_OCTETS, hal_crc32(cell, CHECKED_OCTETS, 0));
}

static void count_fault(void) {
    status.faults++;
    status.failed = status.failed || ++faults_in_row >= FAULTS_ALLOWED;
}

/* Program the content in memory into the journal's next cell. */
static bool append(unsigned place) {
    make_cell(page, place);
    hal_flash_result_t result = hal_flash_program(sector_address(JOURNAL) + next_cell * CELL_OCTETS, page, CELL_OCTETS);
    if (result == HAL_FLASH_BUSY) {
        return false;
    }
    next_cell++; /* whatever became of it, this cell was tried */
    if (result != HAL_FLASH_OK) {
        count_fault();
        return false;
    }
    target = place;
    state = APPENDING;
    status.programs++;
    return true;
}

bool hal_records_pending(void) {
    if (status.failed) {
        return false; /* nothing more is written: waiting for it has no end */
    }
    for (unsigned place = 0; place < PLACES; place++) {
        if (dirty[place]) {
            return true;
        }
    }
    return false;
}

static bool reads_back(uint32_t address, size_t octets) {
    uint8_t present[HAL_FLASH_PAGE_OCTETS];
    if (hal_flash_read(address, present, octets) == HAL_FLASH_OK && memcmp(present, page, octets) == 0) {
        faults_in_row = 0;
        return true;
    }
    count_fault();
    return false;
}

static void note_home(unsigned place, unsigned sector) {
    homes[place] = dirty[place] ? (uint8_t)IN(sector) : (uint8_t)(homes[place] | IN(sector));
    dirty[place] = false;
}

static void end_append(void) {
    state = IDLE;
    if (reads_back(sector_address(JOURNAL) + (next_cell - 1) * CELL_OCTETS, CELL_OCTETS)) {
        note_home(target, JOURNAL);
    }
}

static void end_page(void) {
    state = IDLE;
    if (!reads_back(sector_address(written_sector) + written_page * HAL_FLASH_PAGE_OCTETS, sizeof page)) {
        written_page = PAGES; /* erased and written anew */
        return;
    }
    for (unsigned i = 0; i < PAGE_CELLS; i++) {
        unsigned place = written_page * PAGE_CELLS + i;
        if (numbers[place] != 0 && get32(&page[i * CELL_OCTETS + 4]) == numbers[place]) {
            note_home(place, written_sector);
        }
    }
    written_page++;
    if (written_page == PAGES) {
        to_rewrite &= ~IN(written_sector);
    }
}

static void end_erase(void) {
    state = IDLE;
    memset(page, 0xFF, sizeof page);
    for (uint32_t offset = 0; offset < HAL_FLASH_SECTOR_OCTETS; offset += sizeof page) {
        if (!reads_back(sector_address(target) + offset, sizeof page)) {
            return;
        }
    }
    if (target == JOURNAL) {
        next_cell = 0;
        clears_journal = false;
    } else {
        written_sector = target;
        written_page = 0;
    }
}

/* See to the operation that has just ended. */
static void finish(void) {
    if (state == APPENDING) {
        end_append();
    } else if (state == WRITING) {
        end_page();
    } else if (state == ERASING) {
        end_erase();
    }
}

static void set_content(unsigned place, const uint8_t *data, size_t octets) {
    memset(contents[place], 0, sizeof contents[place]);
    memcpy(contents[place], data, octets);
    numbers[place] = last_number + 1;
}

bool hal_records_put(unsigned place, const uint8_t *data, size_t octets) {
    uint8_t former[HAL_RECORDS_CONTENT_OCTETS];
    if (place >= PLACES || octets > HAL_RECORDS_CONTENT_OCTETS) {
        return false;
    }
    if (status.failed) {
        set_content(place, data, octets);
        return true;
    }
    if (hal_flash_busy()) {
        return false;
    }
    finish(); /* a rewriting in progress goes on afterwards */
    if (hal_records_pending() || next_cell == CELLS) {
        return false;
    }
    uint32_t former_number = numbers[place];
    memcpy(former, contents[place], sizeof former);
    set_content(place, data, octets);
    if (!append(place)) {
        memcpy(contents[place], former, sizeof former);
        numbers[place] = former_number;
        /* The cell may hold the number all the same. */
        last_number++;
        return false;
    }
    last_number++;
    dirty[place] = true;
    status.settled = false;
    return true;
}

/* Does every place have its newest content in all of `sectors`, given as bits? */
static bool all_in(unsigned sectors) {
    for (unsigned place = 0; place < PLACES; place++) {
        if (numbers[place] != 0 && (homes[place] & sectors) != sectors) {
            return false;
        }
    }
    return true;
}

/* A place that has its newest content in this sector alone, or PLACES. */
static unsigned only_in(unsigned sector) {
    for (unsigned place = 0; place < PLACES; place++) {
        if (homes[place] == IN(sector)) {
            return place;
        }
    }
    return PLACES;
}

static void start_erase(unsigned sector) {
    hal_flash_result_t result = hal_flash_erase(sector_address(sector));
    if (result == HAL_FLASH_OK) {
        for (unsigned place = 0; place < PLACES; place++) {
            homes[place] &= (uint8_t)~IN(sector);
        }
        target = sector;
        state = ERASING;
        status.erases++;
    } else if (result != HAL_FLASH_TRANSMITTING && result != HAL_FLASH_BUSY) {
        count_fault();
    }
}

static void start_page(void) {
    memset(page, 0xFF, sizeof page);
    for (unsigned i = 0; i < PAGE_CELLS; i++) {
        if (numbers[written_page * PAGE_CELLS + i] != 0) {
            make_cell(&page[i * CELL_OCTETS], written_page * PAGE_CELLS + i);
        }
    }
    hal_flash_result_t result =
        hal_flash_program(sector_address(written_sector) + written_page * HAL_FLASH_PAGE_OCTETS, page, sizeof page);
    if (result == HAL_FLASH_OK) {
        state = WRITING;
        status.programs++;
    } else if (result != HAL_FLASH_BUSY) {
        written_page = PAGES;
        count_fault();
    }
}

/* Begin to rewrite a copy that may be erased; where both hold something alone, save that in the journal first. */
static void start_rewrite(void) {
    unsigned sector = (to_rewrite & IN(COPY_A)) != 0 && only_in(COPY_A) == PLACES ? COPY_A : COPY_B;
    if ((to_rewrite & IN(sector)) == 0) {
        sector = COPY_A;
    }
    unsigned place = only_in(sector);
    if (place == PLACES) {
        start_erase(sector);
    } else if (next_cell < CELLS) {
        (void)append(place);
    } else {
        status.failed = true;
    }
}

void hal_records_step(void) {
    if (status.failed || hal_flash_busy()) {
        return;
    }
    finish();
    if (status.failed) {
        return;
    }
    for (unsigned place = 0; place < PLACES; place++) {
        if (dirty[place] && next_cell < CELLS) {
            (void)append(place);
            return;
        }
    }
    if (written_page < PAGES) {
        start_page();
    } else if (to_rewrite != 0) {
        start_rewrite();
    } else if (next_cell > JOURNAL_FULL_AT || clears_journal) {
        if (all_in(IN_COPIES)) {
            start_erase(JOURNAL);
        } else {
            to_rewrite = IN_COPIES;
        }
    }
    status.settled = state == IDLE && to_rewrite == 0 && written_page == PAGES && all_in(IN_COPIES);
}

const hal_records_status_t *hal_records_status(void) {
    return &status;
}
