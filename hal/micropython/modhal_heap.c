/* How much of MicroPython's heap is free, of the module `hal`.
 *
 * gc_info() of MicroPython looks at every block (600 thousand instructions for 256 KiB); this looks at
 * four blocks, an octet of the allocation table, at a time. Two bits a block, 0: free (py/gc.c). */
#include "modhal.h"

#include "py/gc.h"
#include "py/mpstate.h"

#include <string.h>

#define BLOCKS_AN_OCTET 4u
#define OCTETS_A_WORD 4u
#define LOW_BITS 0x55u

typedef struct {
    size_t free_blocks, largest_blocks, run_blocks;
} heap_t;

static void free_run(heap_t *heap, size_t blocks) {
    heap->run_blocks += blocks;
    heap->free_blocks += blocks;
}

static void end_run(heap_t *heap) {
    if (heap->run_blocks > heap->largest_blocks) {
        heap->largest_blocks = heap->run_blocks;
    }
    heap->run_blocks = 0;
}

static void look_at(heap_t *heap, uint8_t kinds) {
    if (kinds == 0) {
        free_run(heap, BLOCKS_AN_OCTET);
    } else if (((kinds | kinds >> 1) & LOW_BITS) == LOW_BITS) {
        end_run(heap);
    } else {
        for (unsigned block = 0; block < BLOCKS_AN_OCTET; block++, kinds >>= 2) {
            if ((kinds & 3u) == 0) {
                free_run(heap, 1);
            } else {
                end_run(heap);
            }
        }
    }
}

static heap_t look_at_heap(void) {
    heap_t heap = {0};
    for (const mp_state_mem_area_t *area = &MP_STATE_MEM(area); area != NULL;) {
        const uint8_t *kinds = area->gc_alloc_table_start;
        const uint8_t *end = kinds + area->gc_alloc_table_byte_len;
        while (kinds < end) {
            uint32_t word = 0;
            if ((size_t)(end - kinds) >= OCTETS_A_WORD) {
                memcpy(&word, kinds, sizeof word);
                if (word == 0) {
                    free_run(&heap, OCTETS_A_WORD * BLOCKS_AN_OCTET);
                    kinds += OCTETS_A_WORD;
                    continue;
                }
            }
            look_at(&heap, *kinds++);
        }
        end_run(&heap);
#if MICROPY_GC_SPLIT_HEAP
        area = area->next;
#else
        area = NULL;
#endif
    }
    return heap;
}

static mp_obj_t heap_free(void) {
    return modhal_new_int((int64_t)(look_at_heap().free_blocks * MICROPY_BYTES_PER_GC_BLOCK));
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_heap_free_obj, heap_free);

static mp_obj_t heap_largest_free(void) {
    return modhal_new_int((int64_t)(look_at_heap().largest_blocks * MICROPY_BYTES_PER_GC_BLOCK));
}
MP_DEFINE_CONST_FUN_OBJ_0(modhal_heap_largest_free_obj, heap_largest_free);
