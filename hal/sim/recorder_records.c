/* The recorder's records: what each entry holds. The payload computer's catalogue says what became of it. */
#include "recorder.h"

#include "hal_link.h"
#include "registers.h"
#include "sim_internal.h"

#define MICROSECONDS 1000000

recorder_record_t *recorder_record(recorder_t *recorder, uint16_t id) {
    for (unsigned slot = 0; slot < RECORDER_ENTRIES && id != 0; slot++) {
        if (recorder->records[slot].id == id) {
            return &recorder->records[slot];
        }
    }
    return NULL;
}

uint16_t recorder_records_held(const recorder_t *recorder) {
    uint16_t held = 0;
    for (unsigned slot = 0; slot < RECORDER_ENTRIES; slot++) {
        held = (uint16_t)(held + (recorder->records[slot].id != 0));
    }
    return held;
}

static recorder_record_t *free_slot(recorder_t *recorder) {
    for (unsigned slot = 0; slot < RECORDER_ENTRIES; slot++) {
        if (recorder->records[slot].id == 0) {
            return &recorder->records[slot];
        }
    }
    return NULL;
}

/* Ids go round their 16 bits before one comes again. */
static uint16_t next_id(recorder_t *recorder) {
    do {
        recorder->last_ever_id++;
    } while (recorder->last_ever_id == 0 || recorder_record(recorder, recorder->last_ever_id) != NULL);
    return recorder->last_ever_id;
}

uint16_t recorder_record_open(sim_t *sim) {
    recorder_t *recorder = &sim->recorder;
    const unit_t *unit = &sim->units[SIM_RECORDER];
    recorder_record_t *record = free_slot(recorder);
    if (recorder->open_id != 0) {
        return RECORDER_FAULT_ENTRY_OPEN;
    }
    if (recorder_store_free_mib(recorder) <= 0) {
        return RECORDER_FAULT_FULL;
    }
    if (record == NULL) {
        return RECORDER_FAULT_CATALOGUE_FULL;
    }
    *record = (recorder_record_t){
        .id = next_id(recorder),
        .task_id = (uint32_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_TASK_ID_OFFSET),
        .instrument = (uint8_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_INSTRUMENT_OFFSET),
        .mode = (uint8_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_MODE_OFFSET),
        .priority = (uint8_t)unit_raw(unit, UNIT_CONTROL, RECORDER_CONTROL_ENTRY_PRIORITY_OFFSET),
        .state = ENTRY_STATE_OPEN,
        .first_block = RECORDER_NO_BLOCK,
        .last_block = RECORDER_NO_BLOCK,
    };
    recorder->open_id = record->id;
    recorder->last_id = record->id;
    recorder->overflowed = false;
    recorder->state = RECORDER_STATE_RECORDING;
    return 0;
}

uint16_t recorder_record_close(recorder_t *recorder) {
    recorder_record_t *record = recorder_record(recorder, recorder->open_id);
    if (record == NULL) {
        return RECORDER_FAULT_ENTRY_NOT_OPEN;
    }
    record->state = ENTRY_STATE_CLOSED;
    recorder->open_id = 0;
    recorder->overflowed = false;
    recorder->state = RECORDER_STATE_READY;
    return 0;
}

uint16_t recorder_record_delete(recorder_t *recorder, uint16_t id) {
    recorder_record_t *record = recorder_record(recorder, id);
    if (record == NULL) {
        return RECORDER_FAULT_NO_SUCH_ENTRY;
    }
    if (record->state == ENTRY_STATE_OPEN) {
        return RECORDER_FAULT_ENTRY_OPEN;
    }
    if (recorder->play.activity != RECORDER_ACTIVITY_IDLE && recorder->play.entry_id == id) {
        return RECORDER_FAULT_BUSY;
    }
    recorder_store_release(recorder, record);
    *record = (recorder_record_t){0};
    return 0;
}

/* The write buffer is lost: the open entry ends with the last packet that was wholly written. */
void recorder_record_restart(recorder_t *recorder) {
    recorder_record_t *record = recorder_record(recorder, recorder->open_id);
    if (record != NULL) {
        record->extent = record->flushed;
        record->state = record->extent.packets > 0 ? ENTRY_STATE_CLOSED : ENTRY_STATE_CORRUPT;
    }
    recorder->open_id = 0;
    recorder->last_id = 0;
    recorder->selected_id = 0;
    recorder->overflowed = false;
}

void recorder_take(sim_t *sim, uint16_t entry_id, const uint8_t *packet, size_t octets, int64_t gps_us) {
    recorder_t *recorder = &sim->recorder;
    recorder_record_t *record = recorder_record(recorder, entry_id);
    if (record == NULL || entry_id != recorder->open_id || recorder->failed || recorder->hung) {
        recorder->lost_packets++;
        return;
    }
    recorder_extent_t before = record->extent;
    bool no_room = recorder_store_free_mib(recorder) <= 0;
    if (recorder->overflowed || no_room || !recorder_store_append(recorder, record, packet, octets)) {
        /* Closed with what fits: nothing is recorded behind a gap. */
        recorder->overflowed = true;
        recorder->lost_packets++;
        return;
    }
    /* The recorder's own clock when it was told the time, the packet's otherwise. */
    const unit_t *unit = &sim->units[SIM_RECORDER];
    int64_t at_us = unit->clock.valid ? unit_gps_us(unit, sim->now_us) : gps_us;
    recorder_extent_t *extent = &record->extent;
    extent->stop_s = (uint32_t)(at_us / MICROSECONDS);
    record->start_s = extent->packets == 0 ? extent->stop_s : record->start_s;
    extent->packets++;
    extent->size_octets += (uint32_t)octets;
    extent->crc32 = hal_crc32(packet, octets, extent->crc32);
    if (extent->size_octets % RECORDER_BLOCK_OCTETS == 0) {
        record->flushed = *extent;
    } else if (extent->size_octets / RECORDER_BLOCK_OCTETS != before.size_octets / RECORDER_BLOCK_OCTETS) {
        record->flushed = before;
    }
}

void recorder_charge(sim_t *sim, uint16_t entry_id, double octets) {
    recorder_t *recorder = &sim->recorder;
    recorder_record_t *record = recorder_record(recorder, entry_id);
    if (record != NULL && entry_id == recorder->open_id && !recorder->overflowed) {
        record->volume_octets += octets;
    }
}

size_t sim_recorder_read(const sim_t *sim, unsigned entry_id, size_t offset, uint8_t *data, size_t room) {
    for (unsigned slot = 0; slot < RECORDER_ENTRIES; slot++) {
        const recorder_record_t *record = &sim->recorder.records[slot];
        if (entry_id != 0 && record->id == entry_id) {
            return recorder_store_read(&sim->recorder, record, offset, data, room);
        }
    }
    return 0;
}
