#include "optical_packets.h"

#include "dictionary.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define APID 0x42Cu /* process 66, category 12: next to the SAR's */
#define SECONDARY_HEADER_OCTETS 20u
#define PIXELS 256u
#define PIXEL_LARGEST 4095u
#define PACKET_OCTETS (SCIENCE_PRIMARY_HEADER_OCTETS + SECONDARY_HEADER_OCTETS + PIXELS * OPTICAL_BITS_PER_SAMPLE / 8)
#define BANDS 5u
#define DARK_LEVEL 64u
#define SCENE_LEVEL 600u /* at gain 1 */
#define NOISE_MASK 0x3Fu

static uint32_t setting(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_OPTICAL], UNIT_MEMORY, offset);
}

void optical_packets_start(sim_t *sim) {
    memset(&sim->optical.packets, 0, sizeof sim->optical.packets);
}

/* The bands of the mask take turns. */
static uint32_t band_of(const sim_t *sim) {
    uint32_t mask = setting(sim, OPTICAL_SETTINGS_BANDS_OFFSET);
    uint32_t band = sim->optical.packets.sent % BANDS;
    while ((mask >> band & 1u) == 0) {
        band = (band + 1) % BANDS;
    }
    return band;
}

static uint32_t pixel(sim_t *sim) {
    uint32_t level = DARK_LEVEL;
    if (!optical_door_is_shut(sim)) {
        level += sim->optical.sun_near ? PIXEL_LARGEST : SCENE_LEVEL * setting(sim, OPTICAL_SETTINGS_GAIN_OFFSET);
    }
    level += physics_random(&sim->optical.random) & NOISE_MASK;
    return level > PIXEL_LARGEST ? PIXEL_LARGEST : level;
}

static void send(sim_t *sim, uint64_t now_us) {
    optical_packets_t *packets = &sim->optical.packets;
    const unit_t *unit = &sim->units[SIM_OPTICAL];
    science_packet_t *packet = &sim->packet;
    int64_t gps_us = unit_gps_us(unit, now_us);
    science_begin(packet, APID, packets->sent);
    science_put(packet, 32, science_coarse_time(gps_us));
    science_put(packet, 16, science_fine_time(gps_us));
    science_put(packet, 32, (uint32_t)sim->optical.lines);
    science_put(packet, 32, (uint32_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_TASK_ID_OFFSET));
    science_put(packet, 8, 1u << band_of(sim));
    science_put(packet, 8, setting(sim, OPTICAL_SETTINGS_GAIN_OFFSET));
    science_put(packet, 8, setting(sim, OPTICAL_SETTINGS_TDI_STAGES_OFFSET));
    science_put(packet, 8, setting(sim, OPTICAL_SETTINGS_COMPRESSION_OFFSET));
    science_put(packet, 16, PIXELS);
    for (unsigned i = 0; i < PIXELS; i++) {
        science_put(packet, OPTICAL_BITS_PER_SAMPLE, pixel(sim));
    }
    science_finish(packet);
    packets->sent++;
    recorder_take(sim, (uint16_t)unit_raw(unit, UNIT_CONTROL, OPTICAL_CONTROL_ENTRY_ID_OFFSET), packet->octets,
                  science_octets(packet), unit_gps_us(unit, now_us));
}

void optical_packets_step(sim_t *sim, uint64_t now_us) {
    optical_packets_t *packets = &sim->optical.packets;
    science_pace(&packets->pace, sim->settings.science_octets_per_second, SIM_STEP_US);
    while (science_due(&packets->pace, PACKET_OCTETS) || packets->sent == 0) {
        send(sim, now_us);
    }
}
