/* An image is the difference to the first one, in chunks: its data and bss, the MicroPython heap,
 * and what the board keeps apart (time, no-init memory, the flash that was written). Images have most
 * chunks in common: each is kept once, with the number of images it is part of. */
#include "explore.h"

#include "host.h"

#include "dictionary.h"
#include "hal_guard.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_OCTETS 256u
#define BUCKETS (1u << 20)
#define MILLISECOND_US 1000u

typedef struct {
    uint8_t *start;
    size_t octets;
} region_t;

typedef struct chunk {
    struct chunk *next; /* in its bucket */
    uint32_t bucket;
    uint32_t images;
    uint8_t octets[CHUNK_OCTETS];
} chunk_t;

typedef struct {
    uint32_t offset; /* in the first image */
    chunk_t *chunk;
} place_t;

typedef struct {
    size_t places;
    place_t place[];
} image_t;

/* Apart from the memory that is saved and restored. */
typedef struct {
    region_t regions[4];
    uint8_t *first;
    size_t octets;
    image_t **images;
    int count, room;
    int lowest_free; /* no number below is */
    chunk_t *bucket[BUCKETS];
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

/* FNV-1a over words: what is compared anyway needs no better one. */
static uint32_t bucket_of(const uint8_t *octets) {
    uint64_t hash = 14695981039346656037u;
    for (size_t at = 0; at < CHUNK_OCTETS; at += sizeof hash) {
        uint64_t word;
        memcpy(&word, octets + at, sizeof word);
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 32;
    }
    return (uint32_t)(hash % BUCKETS);
}

/* The chunk with these octets, new or one that other images have too; NULL without memory for it. */
static chunk_t *hold_chunk(const uint8_t *from, size_t octets) {
    uint8_t whole[CHUNK_OCTETS] = {0};
    memcpy(whole, from, octets);
    uint32_t bucket = bucket_of(whole);
    chunk_t *chunk = store->bucket[bucket];
    while (chunk != NULL && memcmp(chunk->octets, whole, sizeof whole) != 0) {
        chunk = chunk->next;
    }
    if (chunk == NULL) {
        chunk = malloc(sizeof *chunk);
        if (chunk == NULL) {
            return NULL;
        }
        memcpy(chunk->octets, whole, sizeof whole);
        chunk->images = 0;
        chunk->bucket = bucket;
        chunk->next = store->bucket[bucket];
        store->bucket[bucket] = chunk;
    }
    chunk->images++;
    return chunk;
}

static void release_chunk(chunk_t *chunk) {
    if (--chunk->images > 0) {
        return;
    }
    chunk_t **link = &store->bucket[chunk->bucket];
    while (*link != chunk) {
        link = &(*link)->next;
    }
    *link = chunk->next;
    free(chunk);
}

static void free_image(image_t *image) {
    for (size_t i = 0; image != NULL && i < image->places; i++) {
        release_chunk(image->place[i].chunk);
    }
    free(image);
}

static size_t count_differences(void) {
    size_t count = 0;
    const uint8_t *first = store->first;
    for (size_t i = 0; i < sizeof store->regions / sizeof store->regions[0]; i++) {
        const region_t *region = &store->regions[i];
        for (size_t at = 0; at < region->octets; at += CHUNK_OCTETS) {
            count += memcmp(region->start + at, first + at, chunk_octets(region, at)) != 0;
        }
        first += region->octets;
    }
    return count;
}

static image_t *difference(void) {
    image_t *image = malloc(sizeof *image + count_differences() * sizeof(place_t));
    if (image == NULL) {
        return NULL;
    }
    image->places = 0;
    const uint8_t *first = store->first;
    for (size_t i = 0; i < sizeof store->regions / sizeof store->regions[0]; i++) {
        const region_t *region = &store->regions[i];
        for (size_t at = 0; at < region->octets; at += CHUNK_OCTETS) {
            size_t octets = chunk_octets(region, at);
            if (memcmp(region->start + at, first + at, octets) == 0) {
                continue;
            }
            chunk_t *chunk = hold_chunk(region->start + at, octets);
            if (chunk == NULL) {
                free_image(image);
                return NULL;
            }
            image->place[image->places++] = (place_t){(uint32_t)(first - store->first + at), chunk};
        }
        first += region->octets;
    }
    return image;
}

int explore_save(void) {
    if (store->first == NULL && !gather_first()) {
        return -1;
    }
    int number = store->lowest_free;
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
    store->lowest_free = number + 1;
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
    const place_t *place = image->place;
    size_t begin = 0;
    for (size_t i = 0; i < sizeof store->regions / sizeof store->regions[0]; i++) {
        const region_t *region = &store->regions[i];
        memcpy(region->start, store->first + begin, region->octets);
        for (; place < image->place + image->places && place->offset < begin + region->octets; place++) {
            size_t at = place->offset - begin;
            memcpy(region->start + at, place->chunk->octets, chunk_octets(region, at));
        }
        begin += region->octets;
    }
    return true;
}

void explore_release(int number) {
    if (number >= 0 && number < store->count) {
        free_image(store->images[number]);
        store->images[number] = NULL;
        if (number < store->lowest_free) {
            store->lowest_free = number;
        }
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
