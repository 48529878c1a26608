/* An image is the difference to the first one, in chunks: its data and bss, the MicroPython heap,
 * and what the board keeps apart (time, no-init memory, the flash that was written). */
#include "explore.h"

#include "host.h"

#include "dictionary.h"
#include "hal_guard.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_OCTETS 512u
#define MILLISECOND_US 1000u

typedef struct {
    uint8_t *start;
    size_t octets;
} region_t;

typedef struct {
    uint32_t offset; /* in the first image */
    uint8_t octets[CHUNK_OCTETS];
} chunk_t;

typedef struct {
    size_t chunks;
    chunk_t chunk[];
} image_t;

/* Apart from the memory that is saved and restored. */
typedef struct {
    region_t regions[4];
    uint8_t *first;
    size_t octets;
    image_t **images;
    int count, room;
} store_t;

extern uint8_t __data_start[], _end[];

static store_t *store;

void explore_begin(void *heap, size_t heap_octets) {
    store = calloc(1, sizeof *store);
    if (store == NULL) {
        abort();
    }
    const region_t regions[] = {
        {__data_start, (uintptr_t)_end - (uintptr_t)__data_start},
        {heap, heap_octets},
        {(uint8_t *)host, offsetof(host_state_t, sim)},
        {host->noinit, sizeof host->noinit},
    };
    memcpy(store->regions, regions, sizeof regions);
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        store->octets += regions[i].octets;
    }
}

bool explore_active(void) {
    return store != NULL;
}

static bool gather_first(void) {
    store->first = malloc(store->octets);
    if (store->first == NULL) {
        return false;
    }
    uint8_t *to = store->first;
    for (size_t i = 0; i < sizeof store->regions / sizeof store->regions[0]; i++) {
        memcpy(to, store->regions[i].start, store->regions[i].octets);
        to += store->regions[i].octets;
    }
    return true;
}

static size_t chunk_octets(const region_t *region, size_t at) {
    return region->octets - at < CHUNK_OCTETS ? region->octets - at : CHUNK_OCTETS;
}

static image_t *difference(void) {
    size_t room = 64;
    image_t *image = malloc(sizeof *image + room * sizeof(chunk_t));
    size_t chunks = 0;
    const uint8_t *first = store->first;
    for (size_t i = 0; i < sizeof store->regions / sizeof store->regions[0]; i++) {
        const region_t *region = &store->regions[i];
        for (size_t at = 0; image != NULL && at < region->octets; at += CHUNK_OCTETS) {
            size_t octets = chunk_octets(region, at);
            if (memcmp(region->start + at, first + at, octets) == 0) {
                continue;
            }
            if (chunks == room) {
                room *= 2;
                image_t *larger = realloc(image, sizeof *image + room * sizeof(chunk_t));
                if (larger == NULL) {
                    free(image);
                }
                image = larger;
            }
            if (image != NULL) {
                image->chunk[chunks].offset = (uint32_t)(first - store->first + at);
                memcpy(image->chunk[chunks].octets, region->start + at, octets);
                chunks++;
            }
        }
        first += region->octets;
    }
    if (image == NULL) {
        return NULL;
    }
    image->chunks = chunks;
    image_t *fitting = realloc(image, sizeof *image + chunks * sizeof(chunk_t));
    return fitting != NULL ? fitting : image;
}

int explore_save(void) {
    if (store->first == NULL && !gather_first()) {
        return -1;
    }
    int number = 0;
    while (number < store->count && store->images[number] != NULL) {
        number++;
    }
    if (number == store->room) {
        int room = store->room > 0 ? 2 * store->room : 1024;
        image_t **images = realloc(store->images, (size_t)room * sizeof *images);
        if (images == NULL) {
            return -1;
        }
        store->images = images;
        store->room = room;
    }
    image_t *image = difference();
    if (image == NULL) {
        return -1;
    }
    store->images[number] = image;
    if (number == store->count) {
        store->count++;
    }
    return number;
}

bool explore_restore(int number) {
    if (number < 0 || number >= store->count || store->images[number] == NULL) {
        return false;
    }
    const image_t *image = store->images[number];
    const chunk_t *chunk = image->chunk;
    size_t begin = 0;
    for (size_t i = 0; i < sizeof store->regions / sizeof store->regions[0]; i++) {
        const region_t *region = &store->regions[i];
        memcpy(region->start, store->first + begin, region->octets);
        for (; chunk < image->chunk + image->chunks && chunk->offset < begin + region->octets; chunk++) {
            size_t at = chunk->offset - begin;
            memcpy(region->start + at, chunk->octets, chunk_octets(region, at));
        }
        begin += region->octets;
    }
    return true;
}

void explore_release(int number) {
    if (number >= 0 && number < store->count) {
        free(store->images[number]);
        store->images[number] = NULL;
    }
}

/* Without a permit the guard has nothing to watch: the time passes at once. */
void explore_advance(uint32_t duration_ms, bool alive) {
    uint32_t ms = 0;
    while (ms < duration_ms && hal_guard_permitted()) {
        if (alive && ms % EXECUTIVE_CYCLE_MS == 0) {
            hal_guard_heartbeat();
        }
        host->now_us += MILLISECOND_US;
        hal_guard_tick(host->now_us);
        ms++;
    }
    host->now_us += (uint64_t)(duration_ms - ms) * MILLISECOND_US;
    if (alive) {
        hal_guard_heartbeat();
    }
    hal_guard_tick(host->now_us);
}

void explore_reset(hal_reset_cause_t cause) {
    board_transmit_enable(false);
    host_note_reset(cause);
}
