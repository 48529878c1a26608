/* Records in two copies and a journal: see hal_records.h for the format and what it promises. */
#include "hal_records.h"

#include "dictionary.h"
#include "hal_board.h"
#include "hal_flash.h"
#include "hal_link.h"
#include "octets.h"

#include <string.h>

#define CONTENT_AT 8u
#define CRC_OCTETS 4u
#define CELL_OCTETS(content) (CONTENT_AT + (content) + CRC_OCTETS)
#define LONGEST_CONTENT HAL_RECORDS_TABLES_CONTENT_OCTETS
#define MAGIC 0x4543u
#define FAULTS_ALLOWED 8u
#define BOOT_WAIT_US 1000000u

/* A copy is one sector, and a cell lies within a page. */
#define FITS(places, content)                                                                                          \
    (HAL_FLASH_PAGE_OCTETS % CELL_OCTETS(content) == 0 && (places)*CELL_OCTETS(content) <= HAL_FLASH_SECTOR_OCTETS &&  \
     (content) <= LONGEST_CONTENT)
_Static_assert(FITS(HAL_RECORDS_CATALOGUE_PLACES, HAL_RECORDS_CATALOGUE_CONTENT_OCTETS), "the catalogue");
_Static_assert(FITS(HAL_RECORDS_TABLES_PLACES, HAL_RECORDS_TABLES_CONTENT_OCTETS), "the tables");
_Static_assert(HAL_RECORDS_CATALOGUE_PLACES == RECORDER_ENTRIES, "a place for every entry");
_Static_assert(HAL_RECORDS_TABLES_PLACES == SAR_TABLE_SLOTS, "a place for every slot");

/* Sectors, and as bits the homes of a place's newest content in flash. */
enum { COPY_A, COPY_B, JOURNAL, SECTORS };
#define IN(sector) (1u << (sector))
#define IN_COPIES (IN(COPY_A) | IN(COPY_B))
_Static_assert(FLASH_RECORDS_SECTORS == SECTORS && FLASH_TABLES_SECTORS == SECTORS, "two copies and a journal");

typedef enum { IDLE, APPENDING, WRITING, ERASING } state_t;

typedef struct {
    uint32_t number; /* of the content in memory; 0: never put */
    uint8_t homes;   /* of the newest content in flash */
    uint8_t damaged; /* copies whose cell for it was found damaged at boot, as bits */
    bool dirty;      /* the content in memory is newer than that in flash */
} place_t;

typedef struct {
    /* What it is made of: constant. */
    uint32_t first_sector;
    unsigned places, content_octets;
    uint8_t *contents;
    place_t *place;
    /* What it does. */
    uint32_t last_number;
    unsigned next_cell;                    /* of the journal */
    unsigned to_rewrite;                   /* copies, as bits */
    bool clears_journal;                   /* when both copies are good */
    unsigned written_sector, written_page; /* of the copy that is being written; at pages(): none */
    unsigned target;                       /* place that is being appended, or sector that is being erased */
    uint8_t page[HAL_FLASH_PAGE_OCTETS];
    unsigned faults_in_row;
    state_t state;
    bool quiet; /* nothing to do until the next put(): a step then costs nothing */
    hal_records_status_t status;
} store_t;

static uint8_t catalogue_contents[HAL_RECORDS_CATALOGUE_PLACES][HAL_RECORDS_CATALOGUE_CONTENT_OCTETS];
static uint8_t tables_contents[HAL_RECORDS_TABLES_PLACES][HAL_RECORDS_TABLES_CONTENT_OCTETS];
static place_t catalogue_places[HAL_RECORDS_CATALOGUE_PLACES];
static place_t tables_places[HAL_RECORDS_TABLES_PLACES];

static store_t stores[HAL_RECORDS_STORES] = {
    [HAL_RECORDS_CATALOGUE] = {.first_sector = FLASH_RECORDS_FIRST_SECTOR,
                               .places = HAL_RECORDS_CATALOGUE_PLACES,
                               .content_octets = HAL_RECORDS_CATALOGUE_CONTENT_OCTETS,
                               .contents = catalogue_contents[0],
                               .place = catalogue_places},
    [HAL_RECORDS_TABLES] = {.first_sector = FLASH_TABLES_FIRST_SECTOR,
                            .places = HAL_RECORDS_TABLES_PLACES,
                            .content_octets = HAL_RECORDS_TABLES_CONTENT_OCTETS,
                            .contents = tables_contents[0],
                            .place = tables_places},
};

static uint32_t get32(const uint8_t *data) {
    return (uint32_t)octets_get16(data) << 16 | octets_get16(data + 2);
}

static unsigned cell_octets(const store_t *store) {
    return CELL_OCTETS(store->content_octets);
}

static unsigned page_cells(const store_t *store) {
    return HAL_FLASH_PAGE_OCTETS / cell_octets(store);
}

/* Of a copy. */
static unsigned pages(const store_t *store) {
    return (store->places + page_cells(store) - 1) / page_cells(store);
}

/* Of a sector. */
static unsigned cells(const store_t *store) {
    return HAL_FLASH_SECTOR_OCTETS / cell_octets(store);
}

static uint8_t *content_of(store_t *store, unsigned place) {
    return store->contents + place * store->content_octets;
}

static uint32_t sector_address(const store_t *store, unsigned sector) {
    return (store->first_sector + sector) * HAL_FLASH_SECTOR_OCTETS;
}

static bool is_blank(const uint8_t *data, size_t octets) {
    for (size_t i = 0; i < octets; i++) {
        if (data[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

static bool is_good(const store_t *store, const uint8_t *cell) {
    unsigned checked = cell_octets(store) - CRC_OCTETS;
    return octets_get16(cell) == MAGIC && cell[2] < store->places && get32(cell + 4) != 0 &&
           get32(cell + checked) == hal_crc32(cell, checked, 0);
}

static void take_cell(store_t *store, const uint8_t *cell, unsigned sector) {
    place_t *place = &store->place[cell[2]];
    uint32_t number = get32(cell + 4);
    if (number > place->number) {
        place->number = number;
        memcpy(content_of(store, cell[2]), cell + CONTENT_AT, store->content_octets);
        place->homes = 0;
    }
    if (number == place->number) {
        place->homes |= (uint8_t)IN(sector);
    }
    store->last_number = number > store->last_number ? number : store->last_number;
}

/* The number of cells that are neither blank nor good; *used is the cell after the last one not blank. */
static uint32_t scan_sector(store_t *store, unsigned sector, unsigned *used) {
    uint32_t damaged = 0;
    *used = 0;
    for (unsigned cell = 0; cell < cells(store); cell++) {
        size_t offset = cell % page_cells(store) * cell_octets(store);
        if (offset == 0 && hal_flash_read(sector_address(store, sector) + cell * cell_octets(store), store->page,
                                          sizeof store->page) != HAL_FLASH_OK) {
            store->status.faults++;
            memset(store->page, 0, sizeof store->page);
        }
        if (is_blank(&store->page[offset], cell_octets(store))) {
            continue;
        }
        *used = cell + 1;
        if (is_good(store, &store->page[offset])) {
            take_cell(store, &store->page[offset], sector);
        } else {
            damaged++;
            if (sector != JOURNAL && cell < store->places) {
                store->place[cell].damaged |= (uint8_t)IN(sector);
            }
        }
    }
    return damaged;
}

static void init(store_t *store) {
    unsigned used;
    memset(store->place, 0, store->places * sizeof store->place[0]);
    memset(&store->status, 0, sizeof store->status);
    store->state = IDLE;
    store->quiet = false;
    store->last_number = 0;
    store->faults_in_row = 0;
    store->written_page = pages(store);
    store->status.damaged_a = scan_sector(store, COPY_A, &used);
    store->status.damaged_b = scan_sector(store, COPY_B, &used);
    store->status.damaged_journal = scan_sector(store, JOURNAL, &store->next_cell);
    for (unsigned place = 0; place < store->places; place++) {
        if (store->place[place].number != 0) {
            store->place[place].damaged = 0;
        }
    }
    /* What reads as blank may be the trace of a cut erase, and what reads as good may not last. */
    store->to_rewrite = IN_COPIES;
    store->clears_journal = true;
}

void hal_records_init(void) {
    uint64_t limit_us = board_time_us() + BOOT_WAIT_US;
    while (hal_flash_busy() && board_time_us() < limit_us) {
        board_wait(limit_us);
    }
    for (unsigned which = 0; which < HAL_RECORDS_STORES; which++) {
        init(&stores[which]);
    }
}

bool hal_records_get(hal_records_store_t which, unsigned place, uint8_t *data, size_t octets) {
    store_t *store = &stores[which];
    if (place >= store->places || octets > store->content_octets || store->place[place].number == 0) {
        return false;
    }
    memcpy(data, content_of(store, place), octets);
    return true;
}

bool hal_records_lost(hal_records_store_t which, unsigned place) {
    const store_t *store = &stores[which];
    return place < store->places && store->place[place].damaged == IN_COPIES;
}

static void make_cell(store_t *store, uint8_t *cell, unsigned place) {
    unsigned checked = cell_octets(store) - CRC_OCTETS;
    octets_put16(cell, MAGIC);
    cell[2] = (uint8_t)place;
    cell[3] = 0;
    octets_put32(cell + 4, store->place[place].number);
    memcpy(cell + CONTENT_AT, content_of(store, place), store->content_octets);
    octets_put32(cell + checked, hal_crc32(cell, checked, 0));
}

static void count_fault(store_t *store) {
    store->status.faults++;
    store->status.failed = store->status.failed || ++store->faults_in_row >= FAULTS_ALLOWED;
}

/* Program the content in memory into the journal's next cell. */
static bool append(store_t *store, unsigned place) {
    make_cell(store, store->page, place);
    hal_flash_result_t result = hal_flash_program(
        sector_address(store, JOURNAL) + store->next_cell * cell_octets(store), store->page, cell_octets(store));
    if (result == HAL_FLASH_BUSY) {
        return false;
    }
    store->next_cell++; /* whatever became of it, this cell was tried */
    if (result != HAL_FLASH_OK) {
        count_fault(store);
        return false;
    }
    store->target = place;
    store->state = APPENDING;
    store->status.programs++;
    return true;
}

static bool is_pending(const store_t *store) {
    if (store->status.failed) {
        return false; /* nothing more is written: waiting for it has no end */
    }
    for (unsigned place = 0; place < store->places; place++) {
        if (store->place[place].dirty) {
            return true;
        }
    }
    return false;
}

bool hal_records_pending(hal_records_store_t which) {
    return is_pending(&stores[which]);
}

static bool reads_back(store_t *store, uint32_t address, size_t octets) {
    uint8_t present[HAL_FLASH_PAGE_OCTETS];
    if (hal_flash_read(address, present, octets) == HAL_FLASH_OK && memcmp(present, store->page, octets) == 0) {
        store->faults_in_row = 0;
        return true;
    }
    count_fault(store);
    return false;
}

static void note_home(place_t *place, unsigned sector) {
    place->homes = place->dirty ? (uint8_t)IN(sector) : (uint8_t)(place->homes | IN(sector));
    place->dirty = false;
}

static void end_append(store_t *store) {
    store->state = IDLE;
    uint32_t address = sector_address(store, JOURNAL) + (store->next_cell - 1) * cell_octets(store);
    if (reads_back(store, address, cell_octets(store))) {
        note_home(&store->place[store->target], JOURNAL);
    }
}

static void end_page(store_t *store) {
    store->state = IDLE;
    uint32_t address = sector_address(store, store->written_sector) + store->written_page * HAL_FLASH_PAGE_OCTETS;
    if (!reads_back(store, address, sizeof store->page)) {
        store->written_page = pages(store); /* erased and written anew */
        return;
    }
    for (unsigned i = 0; i < page_cells(store); i++) {
        unsigned number = store->written_page * page_cells(store) + i;
        place_t *place = number < store->places ? &store->place[number] : NULL;
        if (place && place->number != 0 && get32(&store->page[i * cell_octets(store) + 4]) == place->number) {
            note_home(place, store->written_sector);
        }
    }
    store->written_page++;
    if (store->written_page == pages(store)) {
        store->to_rewrite &= ~IN(store->written_sector);
    }
}

static void end_erase(store_t *store) {
    store->state = IDLE;
    memset(store->page, 0xFF, sizeof store->page);
    for (uint32_t offset = 0; offset < HAL_FLASH_SECTOR_OCTETS; offset += sizeof store->page) {
        if (!reads_back(store, sector_address(store, store->target) + offset, sizeof store->page)) {
            return;
        }
    }
    if (store->target == JOURNAL) {
        store->next_cell = 0;
        store->clears_journal = false;
    } else {
        store->written_sector = store->target;
        store->written_page = 0;
    }
}

/* See to the operation that has just ended. */
static void finish(store_t *store) {
    if (store->state == APPENDING) {
        end_append(store);
    } else if (store->state == WRITING) {
        end_page(store);
    } else if (store->state == ERASING) {
        end_erase(store);
    }
}

static void set_content(store_t *store, unsigned place, const uint8_t *data, size_t octets) {
    memset(content_of(store, place), 0, store->content_octets);
    memcpy(content_of(store, place), data, octets);
    store->place[place].number = store->last_number + 1;
}

bool hal_records_put(hal_records_store_t which, unsigned place, const uint8_t *data, size_t octets) {
    store_t *store = &stores[which];
    uint8_t former[LONGEST_CONTENT];
    if (place >= store->places || octets > store->content_octets) {
        return false;
    }
    if (store->status.failed) {
        set_content(store, place, data, octets);
        return true;
    }
    if (hal_flash_busy()) {
        return false;
    }
    store->quiet = false;
    finish(store); /* a rewriting in progress goes on afterwards */
    if (is_pending(store) || store->next_cell == cells(store)) {
        return false;
    }
    uint32_t former_number = store->place[place].number;
    memcpy(former, content_of(store, place), store->content_octets);
    set_content(store, place, data, octets);
    if (!append(store, place)) {
        memcpy(content_of(store, place), former, store->content_octets);
        store->place[place].number = former_number;
        /* The cell may hold the number all the same. */
        store->last_number++;
        return false;
    }
    store->last_number++;
    store->place[place].dirty = true;
    store->place[place].damaged = 0;
    store->status.settled = false;
    return true;
}

/* Does every place have its newest content in all of `sectors`, given as bits? */
static bool all_in(const store_t *store, unsigned sectors) {
    for (unsigned place = 0; place < store->places; place++) {
        if (store->place[place].number != 0 && (store->place[place].homes & sectors) != sectors) {
            return false;
        }
    }
    return true;
}

/* A place that has its newest content in this sector alone, or as many as there are places. */
static unsigned only_in(const store_t *store, unsigned sector) {
    for (unsigned place = 0; place < store->places; place++) {
        if (store->place[place].homes == IN(sector)) {
            return place;
        }
    }
    return store->places;
}

static void start_erase(store_t *store, unsigned sector) {
    hal_flash_result_t result = hal_flash_erase(sector_address(store, sector));
    if (result == HAL_FLASH_OK) {
        for (unsigned place = 0; place < store->places; place++) {
            store->place[place].homes &= (uint8_t)~IN(sector);
        }
        store->target = sector;
        store->state = ERASING;
        store->status.erases++;
    } else if (result != HAL_FLASH_TRANSMITTING && result != HAL_FLASH_BUSY) {
        count_fault(store);
    }
}

static void start_page(store_t *store) {
    memset(store->page, 0xFF, sizeof store->page);
    for (unsigned i = 0; i < page_cells(store); i++) {
        unsigned place = store->written_page * page_cells(store) + i;
        if (place < store->places && store->place[place].number != 0) {
            make_cell(store, &store->page[i * cell_octets(store)], place);
        }
    }
    hal_flash_result_t result =
        hal_flash_program(sector_address(store, store->written_sector) + store->written_page * HAL_FLASH_PAGE_OCTETS,
                          store->page, sizeof store->page);
    if (result == HAL_FLASH_OK) {
        store->state = WRITING;
        store->status.programs++;
    } else if (result != HAL_FLASH_BUSY) {
        store->written_page = pages(store);
        count_fault(store);
    }
}

/* Begin to rewrite a copy that may be erased; where both hold something alone, save that in the journal first. */
static void start_rewrite(store_t *store) {
    unsigned none = store->places;
    unsigned sector = (store->to_rewrite & IN(COPY_A)) != 0 && only_in(store, COPY_A) == none ? COPY_A : COPY_B;
    if ((store->to_rewrite & IN(sector)) == 0) {
        sector = COPY_A;
    }
    unsigned place = only_in(store, sector);
    if (place == none) {
        start_erase(store, sector);
    } else if (store->next_cell < cells(store)) {
        (void)append(store, place);
    } else {
        store->status.failed = true;
    }
}

void hal_records_step(hal_records_store_t which) {
    store_t *store = &stores[which];
    if (store->quiet || store->status.failed || hal_flash_busy()) {
        return;
    }
    finish(store);
    if (store->status.failed) {
        return;
    }
    for (unsigned place = 0; place < store->places; place++) {
        if (store->place[place].dirty && store->next_cell < cells(store)) {
            (void)append(store, place);
            return;
        }
    }
    if (store->written_page < pages(store)) {
        start_page(store);
    } else if (store->to_rewrite != 0) {
        start_rewrite(store);
    } else if (store->next_cell > cells(store) / 2 || store->clears_journal) {
        if (all_in(store, IN_COPIES)) {
            start_erase(store, JOURNAL);
        } else {
            store->to_rewrite = IN_COPIES;
        }
    } else {
        store->quiet = true;
    }
    store->status.settled = store->state == IDLE && store->to_rewrite == 0 && store->written_page == pages(store) &&
                            all_in(store, IN_COPIES);
}

const hal_records_status_t *hal_records_status(hal_records_store_t which) {
    return &stores[which].status;
}
