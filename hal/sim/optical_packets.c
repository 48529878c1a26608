#include "optical_packets.h"

#include "dictionary.h"
#include "optical_scene.h"
#include "registers.h"
#include "science_data.h"
#include "sim_internal.h"

#include <string.h>

static const uint8_t header_bits[OPTICAL_PACKET_FIELDS] = OPTICAL_PACKET_BITS;

void optical_packets_start(sim_t *sim, bool same_entry) {
    optical_packets_t *packets = &sim->optical.packets;
    if (!same_entry) {
        memset(packets, 0, sizeof *packets);
    }
    packets->strip++;
    packets->next = 0;
    packets->charged_lines = 0;
    packets->rows = 0;
}

double optical_packets_saturated_percent(const optical_packets_t *packets) {
    uint32_t rows = packets->rows < OPTICAL_SATURATION_ROWS ? packets->rows : OPTICAL_SATURATION_ROWS;
    uint32_t saturated = 0, samples = 0;
    for (uint32_t i = 0; i < rows; i++) {
        saturated += packets->saturated[i];
        samples += packets->samples[i];
    }
    return samples > 0 ? 100.0 * saturated / samples : 0;
}

/* A recorded line: which of the strip's lines, where in the picture, and when. */
typedef struct {
    uint32_t line, row;
    uint16_t frame;
    uint64_t at_us;
} about_t;

static about_t about(const sim_t *sim, const optical_view_t *view, uint64_t now_us) {
    uint32_t number = sim->optical.packets.next;
    bool is_video = view->mode == OPTICAL_MODE_VIDEO;
    uint32_t line = number * OPTICAL_SCALE_LINE_DIVISOR;
    uint64_t since_us = (uint64_t)(view->line - line) * view->line_period / 10;
    return (about_t){
        .line = line,
        .row = is_video ? number % OPTICAL_SCALE_VIDEO_ROWS : number,
        .frame = is_video ? (uint16_t)(number / OPTICAL_SCALE_VIDEO_ROWS) : 0,
        .at_us = now_us - since_us,
    };
}

/* Samples of it at the converter's end. */
static unsigned send(sim_t *sim, const optical_view_t *view, const about_t *packet_of, unsigned band) {
    optical_packets_t *packets = &sim->optical.packets;
    const unit_t *unit = &sim->units[SIM_OPTICAL];
    science_packet_t *packet = &sim->packet;
    int64_t gps_us = unit_gps_us(unit, packet_of->at_us);
    const uint32_t header[OPTICAL_PACKET_FIELDS] = {
        [OPTICAL_PACKET_COARSE_TIME] = science_coarse_time(gps_us),
        [OPTICAL_PACKET_FINE_TIME] = science_fine_time(gps_us),
        [OPTICAL_PACKET_SYNC] = OPTICAL_PACKETS_SYNC_WORD,
        [OPTICAL_PACKET_DATA_TAKE_ID] = (uint32_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_TASK_ID_OFFSET),
        [OPTICAL_PACKET_PACKET_COUNT] = packets->sent,
        [OPTICAL_PACKET_MODE] = view->mode,
        [OPTICAL_PACKET_STRIP] = packets->strip,
        [OPTICAL_PACKET_FRAME] = packet_of->frame,
        [OPTICAL_PACKET_LINE] = packet_of->line,
        [OPTICAL_PACKET_ROW] = packet_of->row,
        [OPTICAL_PACKET_BAND] = 1u << band,
        [OPTICAL_PACKET_BANDS] = view->bands,
        [OPTICAL_PACKET_LINE_PERIOD] = view->line_period,
        [OPTICAL_PACKET_INTEGRATION] = view->integration,
        [OPTICAL_PACKET_STAGES] = view->stages,
        [OPTICAL_PACKET_GAIN] = view->gain,
        [OPTICAL_PACKET_LAMP] = view->lamp_on,
        [OPTICAL_PACKET_DOOR] = view->door,
        [OPTICAL_PACKET_SAMPLE_BITS] = OPTICAL_BITS_PER_SAMPLE,
        [OPTICAL_PACKET_COMPRESSION] = view->compression,
        [OPTICAL_PACKET_CODEC] = OPTICAL_PACKETS_CODEC,
        [OPTICAL_PACKET_SAMPLES] = OPTICAL_SCALE_PIXELS,
    };
    science_begin(packet, OPTICAL_PACKETS_APID, packets->sent);
    science_put_fields(packet, header_bits, header, OPTICAL_PACKET_FIELDS);
    unsigned saturated = 0;
    for (unsigned pixel = 0; pixel < OPTICAL_SCALE_PIXELS; pixel++) {
        uint32_t sample = optical_sample(view, band, packet_of->row, pixel, &sim->optical.random);
        saturated += sample == OPTICAL_SAMPLE_LARGEST;
        science_put(packet, OPTICAL_BITS_PER_SAMPLE, sample);
    }
    science_finish(packet);
    packets->sent++;
    recorder_take(sim, (uint16_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_ENTRY_ID_OFFSET), packet->octets,
                  science_octets(packet), gps_us);
    return saturated;
}

static void send_row(sim_t *sim, const optical_view_t *view, const about_t *packet_of) {
    optical_packets_t *packets = &sim->optical.packets;
    uint32_t at = packets->rows++ % OPTICAL_SATURATION_ROWS;
    packets->saturated[at] = packets->samples[at] = 0;
    for (unsigned band = 0; band < OPTICAL_BANDS; band++) {
        if (view->bands >> band & 1u) {
            packets->saturated[at] += (uint16_t)send(sim, view, packet_of, band);
            packets->samples[at] += OPTICAL_SCALE_PIXELS;
        }
    }
}

static size_t row_octets(uint8_t bands) {
    size_t header_octets = 0, count = 0;
    for (unsigned i = 0; i < OPTICAL_PACKET_FIELDS; i++) {
        header_octets += header_bits[i];
    }
    for (unsigned band = 0; band < OPTICAL_BANDS; band++) {
        count += bands >> band & 1u;
    }
    size_t samples_octets = (OPTICAL_SCALE_PIXELS * OPTICAL_BITS_PER_SAMPLE + 7) / 8;
    return count * (SCIENCE_PRIMARY_HEADER_OCTETS + header_octets / 8 + samples_octets);
}

/* What the unit would send for the lines since the step before: PAN in full, a colour band a sixteenth of its pixels.
 */
static void charge(sim_t *sim, const optical_view_t *view) {
    optical_packets_t *packets = &sim->optical.packets;
    uint32_t lines = view->line < packets->charged_lines ? 0 : view->line - packets->charged_lines;
    double pixels = 0;
    for (unsigned band = 0; band < OPTICAL_BANDS; band++) {
        double share = band == 0 ? 1.0 : 1.0 / 16.0;
        pixels += view->bands >> band & 1u ? OPTICAL_PIXELS_PER_LINE * share : 0;
    }
    double line_octets = pixels * OPTICAL_BITS_PER_SAMPLE / 8.0 * 10.0 / view->compression;
    packets->charged_lines = view->line;
    recorder_charge(sim, (uint16_t)unit_raw(&sim->units[SIM_OPTICAL], UNIT_CONTROL, OPTICAL_CONTROL_ENTRY_ID_OFFSET),
                    line_octets * lines);
}

void optical_packets_step(sim_t *sim, uint64_t now_us) {
    optical_packets_t *packets = &sim->optical.packets;
    optical_view_t view = optical_view(sim);
    charge(sim, &view);
    science_pace(&packets->pace, sim->settings.science_octets_per_second, SIM_STEP_US);
    while ((uint64_t)packets->next * OPTICAL_SCALE_LINE_DIVISOR <= view.line) {
        about_t packet_of = about(sim, &view, now_us);
        bool due = science_due(&packets->pace, row_octets(view.bands));
        if (due || packets->next == 0) {
            send_row(sim, &view, &packet_of);
        }
        packets->next++;
    }
}
