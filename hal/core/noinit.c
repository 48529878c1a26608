#include "hal_noinit.h"

#include "hal_link.h"

#include <stddef.h>

#define RECORD_MAGIC 0x454D4549u /* "EMEI" */
#define TRANSMITTING_MARK 0x5AA5C33Cu

typedef struct {
    uint32_t magic;
    uint32_t boot_count;
    uint32_t reset_cause;
    uint32_t transmitting; /* outside the CRC: one word, changed by the guard's interrupt */
    uint32_t crc32;        /* over magic, boot_count and reset_cause */
    uint32_t activity[2];  /* changed each cycle: the word and its complement; so is the next */
    uint32_t crash[2];     /* fault << 16 | activity */
} record_t;

static record_t fallback; /* for a board with no such memory: every boot reads as a power-on */
static record_t *record = &fallback;
static bool reset_while_transmitting;
static bool crash_known;
static uint32_t last_activity, last_crash;

static void set_word(uint32_t *word, uint32_t value) {
    word[0] = value;
    word[1] = ~value;
}

static bool is_intact(const uint32_t *word) {
    return word[0] == ~word[1];
}

static uint32_t record_crc32(void) {
    return hal_crc32((const uint8_t *)record, offsetof(record_t, transmitting), 0);
}

void hal_noinit_init(void) {
    size_t size_octets = 0;
    void *memory = board_noinit(&size_octets);
    record = (memory != NULL && size_octets >= sizeof(record_t)) ? (record_t *)memory : &fallback;

    bool kept = record->magic == RECORD_MAGIC && record->crc32 == record_crc32();
    reset_while_transmitting = kept && record->transmitting == TRANSMITTING_MARK;
    crash_known = kept && is_intact(record->activity) && is_intact(record->crash);
    last_activity = record->activity[0];
    last_crash = record->crash[0];
    set_word(record->activity, 0);
    set_word(record->crash, 0);
    record->magic = RECORD_MAGIC;
    record->boot_count = kept ? record->boot_count + 1 : 1;
    record->reset_cause = kept ? (uint32_t)board_reset_cause() : (uint32_t)HAL_RESET_POWER_ON;
    record->transmitting = 0;
    record->crc32 = record_crc32();
}

uint16_t hal_noinit_boot_count(void) {
    return (uint16_t)record->boot_count;
}

hal_reset_cause_t hal_noinit_reset_cause(void) {
    return (hal_reset_cause_t)record->reset_cause;
}

bool hal_noinit_reset_while_transmitting(void) {
    return reset_while_transmitting;
}

void hal_noinit_note_transmitting(bool on) {
    record->transmitting = on ? TRANSMITTING_MARK : 0;
}

void hal_noinit_note_activity(uint32_t activity) {
    set_word(record->activity, activity);
}

void hal_noinit_note_crash(uint32_t fault, uint32_t activity) {
    set_word(record->crash, fault << 16 | (activity & 0xFFFF));
}

bool hal_noinit_last_crash(uint32_t *fault, uint32_t *activity) {
    if (!crash_known) {
        return false;
    }
    *fault = last_crash >> 16;
    *activity = *fault != 0 ? last_crash & 0xFFFF : last_activity;
    return true;
}
