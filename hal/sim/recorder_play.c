/* Verification of an entry's CRC-32, and its playback to the downlink transmitter in frames. */
#include "hal_link.h"
#include "recorder.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define MARKER_OCTETS 4u
#define FRAME_OCTETS (MARKER_OCTETS + SCIENCE_DOWNLINK_FRAME_OCTETS)
#define SEGMENT_AT (MARKER_OCTETS + SCIENCE_DOWNLINK_FRAME_HEADER_OCTETS)
#define DATA_AT (SEGMENT_AT + SCIENCE_DOWNLINK_SEGMENT_HEADER_OCTETS)
#define CRC_AT (FRAME_OCTETS - SCIENCE_DOWNLINK_FRAME_CRC_OCTETS)
#define DATA_OCTETS (CRC_AT - DATA_AT)
#define VERIFY_OCTETS_PER_STEP 65536u
#define FILL 0x55u

static void big_endian(uint8_t *at, unsigned octets, uint32_t value) {
    while (octets-- > 0) {
        at[octets] = (uint8_t)value;
        value >>= 8;
    }
}

static uint32_t control(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_RECORDER], UNIT_CONTROL, offset);
}

uint16_t recorder_play_start(sim_t *sim, uint8_t activity, uint16_t id) {
    recorder_t *recorder = &sim->recorder;
    recorder_play_t *play = &recorder->play;
    const recorder_record_t *record = recorder_record(recorder, id);
    if (record == NULL) {
        return RECORDER_FAULT_NO_SUCH_ENTRY;
    }
    if (play->activity != RECORDER_ACTIVITY_IDLE) {
        return RECORDER_FAULT_BUSY;
    }
    if (record->state == ENTRY_STATE_OPEN) {
        return RECORDER_FAULT_ENTRY_OPEN;
    }
    bool plays = activity == RECORDER_ACTIVITY_PLAYING;
    if (plays && record->state == ENTRY_STATE_CORRUPT) {
        return RECORDER_FAULT_ENTRY_CORRUPT;
    }
    if (plays && !play->transmitter) {
        return RECORDER_FAULT_TRANSMITTER_OFF;
    }
    uint32_t size = record->extent.size_octets;
    uint32_t offset = plays ? control(sim, RECORDER_CONTROL_PLAY_OFFSET_OFFSET) : 0;
    uint32_t octets = plays ? control(sim, RECORDER_CONTROL_PLAY_OCTETS_OFFSET) : size;
    play->offset = offset < size ? offset : size;
    play->end = octets < size - play->offset ? play->offset + octets : size;
    play->activity = activity;
    play->activities++;
    play->entry_id = id;
    play->crc32 = 0;
    play->pace = (science_pace_t){0};
    play->result = RECORDER_RESULT_NONE;
    return 0;
}

void recorder_play_stop(recorder_t *recorder, uint8_t result) {
    if (recorder->play.activity != RECORDER_ACTIVITY_IDLE) {
        recorder->play.activity = RECORDER_ACTIVITY_IDLE;
        recorder->play.result = result;
    }
}

static void drop_carrier(recorder_t *recorder, bool lost) {
    recorder->play.transmitter = false;
    recorder->play.lost_flag = lost;
    if (recorder->play.activity == RECORDER_ACTIVITY_PLAYING) {
        recorder_play_stop(recorder, lost ? RECORDER_RESULT_DOWNLINK_LOST : RECORDER_RESULT_STOPPED);
    }
}

void recorder_play_transmitter(sim_t *sim, bool on) {
    recorder_t *recorder = &sim->recorder;
    recorder_play_t *play = &recorder->play;
    if (!on) {
        drop_carrier(recorder, false);
        return;
    }
    play->transmitter = true;
    play->lost_flag = false;
    play->spacecraft_id = control(sim, RECORDER_CONTROL_DOWNLINK_SPACECRAFT_OFFSET);
    play->octets_per_second = control(sim, RECORDER_CONTROL_DOWNLINK_RATE_KBIT_S_OFFSET) * 1000u / 8u;
    play->transmitter_until_us =
        sim->now_us + control(sim, RECORDER_CONTROL_DOWNLINK_LIMIT_S_OFFSET) * UINT64_C(1000000);
}

static void radiate(recorder_t *recorder, const uint8_t *frame) {
    recorder_play_t *play = &recorder->play;
    if (RECORDER_DOWNLINK_OCTETS - (play->head - play->tail) < FRAME_OCTETS) {
        play->unread_octets += FRAME_OCTETS;
        return;
    }
    for (unsigned i = 0; i < FRAME_OCTETS; i++) {
        recorder->downlink[play->head++ % RECORDER_DOWNLINK_OCTETS] = frame[i];
    }
}

static void send_frame(recorder_t *recorder, const recorder_record_t *record) {
    recorder_play_t *play = &recorder->play;
    uint8_t frame[FRAME_OCTETS];
    size_t octets = play->end - play->offset < DATA_OCTETS ? play->end - play->offset : DATA_OCTETS;
    memset(frame, FILL, sizeof frame);
    big_endian(frame, 4, SCIENCE_DOWNLINK_SYNC_MARKER);
    big_endian(&frame[4], 2,
               SCIENCE_DOWNLINK_TRANSFER_FRAME_VERSION << 14 | play->spacecraft_id << 6 |
                   SCIENCE_DOWNLINK_VIRTUAL_CHANNEL);
    big_endian(&frame[6], 3, play->frames++);
    frame[9] = 0;
    big_endian(&frame[SEGMENT_AT], 2, play->entry_id);
    big_endian(&frame[SEGMENT_AT + 2], 4, play->offset);
    big_endian(&frame[SEGMENT_AT + 6], 2, (uint32_t)octets);
    (void)recorder_store_read(recorder, record, play->offset, &frame[DATA_AT], octets);
    big_endian(&frame[CRC_AT], 2, hal_crc16(&frame[MARKER_OCTETS], CRC_AT - MARKER_OCTETS, 0xFFFF));
    radiate(recorder, frame);
    play->offset += (uint32_t)octets;
}

static void step_play(recorder_t *recorder, const recorder_record_t *record) {
    recorder_play_t *play = &recorder->play;
    science_pace(&play->pace, play->octets_per_second, SIM_STEP_US);
    while (play->offset < play->end && science_due(&play->pace, FRAME_OCTETS)) {
        send_frame(recorder, record);
    }
    if (play->offset == play->end) {
        recorder_play_stop(recorder, RECORDER_RESULT_DONE);
    }
}

static void step_verify(recorder_t *recorder, recorder_record_t *record) {
    static const uint32_t part_octets = 4096;
    recorder_play_t *play = &recorder->play;
    uint8_t part[4096];
    for (uint32_t done = 0; done < VERIFY_OCTETS_PER_STEP && play->offset < play->end; done += part_octets) {
        size_t octets = recorder_store_read(recorder, record, play->offset, part, part_octets);
        play->crc32 = hal_crc32(part, octets, play->crc32);
        play->offset += (uint32_t)octets;
    }
    if (play->offset < play->end) {
        return;
    }
    bool good = play->crc32 == record->extent.crc32 && record->state == ENTRY_STATE_CLOSED;
    record->state = good ? record->state : ENTRY_STATE_CORRUPT;
    recorder_play_stop(recorder, good ? RECORDER_RESULT_DONE : RECORDER_RESULT_BAD_CRC);
}

void recorder_play_step(sim_t *sim, uint64_t now_us) {
    recorder_t *recorder = &sim->recorder;
    recorder_play_t *play = &recorder->play;
    recorder_record_t *record = recorder_record(recorder, play->entry_id);
    if (play->transmitter && (play->lost || now_us >= play->transmitter_until_us)) {
        drop_carrier(recorder, play->lost);
    }
    if (play->activity == RECORDER_ACTIVITY_PLAYING) {
        step_play(recorder, record);
    } else if (play->activity == RECORDER_ACTIVITY_VERIFYING) {
        step_verify(recorder, record);
    }
}

size_t sim_downlink_read(sim_t *sim, uint8_t *data, size_t room) {
    recorder_play_t *play = &sim->recorder.play;
    size_t octets = 0;
    while (octets < room && play->tail != play->head) {
        data[octets++] = sim->recorder.downlink[play->tail++ % RECORDER_DOWNLINK_OCTETS];
    }
    return octets;
}
