#include "sar_packets.h"

#include "dictionary.h"
#include "registers.h"
#include "sim_internal.h"

#include <string.h>

#define APID 0x41Cu /* process 65, category 12, as Sentinel-1 */
#define SYNC_WORD 0x352EF853u
#define QUADS 128u           /* one BAQ block: 2 x 128 complex samples */
#define BAQ_BLOCK_LENGTH 31u /* 8 x (31 + 1) samples */
#define BYPASS_BITS 10u
#define ANCILLARY_WORDS 64u
#define TEMPERATURE_COMPENSATION 3u

#define CALIBRATION_AMPLITUDE 200u
#define SCALE_NOISE 8u /* threshold index of the BAQ blocks */
#define SCALE_ECHO 60u

static const uint32_t sampling_rates_khz[] = SAR_SAMPLING_RATE_KHZ;
#define SAMPLING_RATES (sizeof sampling_rates_khz / sizeof sampling_rates_khz[0])

/* Sentinel-1's decimation code with the highest rate not above ours. */
static const uint8_t decimation_codes[SAMPLING_RATES] = {7, 5, 3, 0, 0, 0};

/* Sentinel-1's polarisation codes in the order of POLARISATION. */
static const uint8_t polarisation_codes[8] = {1, 2, 5, 3, 7, 7, 6, 3};

/* Measurement mode by SAR_MODE: stripmap 1, contingency for spotlight, interferometric wide swath
 * for TOPS, noise characterisation, RF characterisation, test. */
static const uint8_t measurement_modes[] = {0, 0, 0, 0, 1, 28, 8, 37, 15, 16, 0, 0};

static uint32_t field(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, offset);
}

static bool is_calibration(uint8_t signal) {
    return signal >= SAR_SIGNAL_TX_CALIBRATION;
}

void sar_packets_start(sim_t *sim) {
    memset(&sim->sar.packets, 0, sizeof sim->sar.packets);
}

/* Chirp as codes: rate x 2^21 / Fref^2 with the sign bit for an up-chirp; start at minus half the
 * bandwidth, in Fref / 2^14 from rate / (4 Fref). Clipped to the field's 15 bits. */
static void put_chirp(science_packet_t *packet, const sim_t *sim, const sar_pulse_t *about) {
    double bandwidth_hz = field(sim, SAR_TABLE_BANDWIDTH_MHZ_OFFSET) * 1e6;
    double pulse = about->pulse_code;
    double rate = bandwidth_hz * 2097152.0 / (pulse * SAR_REFERENCE_FREQUENCY_HZ) + 0.5;
    uint32_t rate_code = rate > 32767.0 ? 32767u : (uint32_t)rate;
    double start = bandwidth_hz / 2 * 16384.0 / SAR_REFERENCE_FREQUENCY_HZ + rate_code / 512.0 + 0.5;
    uint32_t start_code = start > 32767.0 ? 32767u : (uint32_t)start;
    science_put(packet, 16, 0x8000u | rate_code);
    science_put(packet, 16, start_code);
}

static void put_antenna(science_packet_t *packet, const sim_t *sim, const sar_pulse_t *pulse) {
    uint8_t signal = pulse->signal;
    science_put(packet, 1, is_calibration(signal));
    science_put(packet, 3, polarisation_codes[field(sim, SAR_TABLE_POLARISATION_OFFSET)]);
    science_put(packet, 2, TEMPERATURE_COMPENSATION);
    science_put(packet, 2, 0);
    if (is_calibration(signal)) {
        science_put(packet, 1, 1); /* normal calibration, not test */
        science_put(packet, 3, signal - SAR_SIGNAL_TX_CALIBRATION);
    } else {
        science_put(packet, 4, pulse->elevation_beam);
    }
    science_put(packet, 2, 0);
    science_put(packet, 10, pulse->azimuth_beam);
    science_put(packet, 2, is_calibration(signal)); /* pre- and postamble */
    science_put(packet, 1, 0);
    science_put(packet, 5, 0); /* transmit pulse number */
    science_put(packet, 4, signal);
    science_put(packet, 3, 0);
    science_put(packet, 1, 0); /* swap */
    science_put(packet, 8, pulse->elevation_beam);
}

static void put_secondary_header(science_packet_t *packet, const sim_t *sim, const sar_pulse_t *pulse, uint8_t baq,
                                 uint64_t now_us) {
    const unit_t *unit = &sim->units[SIM_SAR];
    uint32_t number = sim->sar.packets.sent;
    uint32_t rate = field(sim, SAR_TABLE_SAMPLING_RATE_OFFSET);
    science_put_time(packet, unit_gps_us(unit, now_us));
    science_put(packet, 32, SYNC_WORD);
    science_put(packet, 32, (uint32_t)unit_raw(unit, UNIT_CONTROL, SAR_CONTROL_TASK_ID_OFFSET));
    science_put(packet, 8, measurement_modes[field(sim, SAR_TABLE_MODE_OFFSET)]);
    science_put(packet, 8, 0); /* no test mode, V channel */
    science_put(packet, 32, sampling_rates_khz[rate]);
    science_put(packet, 8, number % ANCILLARY_WORDS + 1);
    science_put(packet, 16, 0);
    science_put(packet, 32, number);
    science_put(packet, 32, number); /* of the intervals recorded */
    science_put(packet, 3, 0);       /* no error */
    science_put(packet, 5, baq);
    science_put(packet, 8, BAQ_BLOCK_LENGTH);
    science_put(packet, 8, 0);
    science_put(packet, 8, decimation_codes[rate]);
    science_put(packet, 8, (uint32_t)-unit_raw(unit, UNIT_MEMORY, SAR_TABLE_RECEIVE_GAIN_DB_OFFSET));
    put_chirp(packet, sim, pulse);
    science_put(packet, 24, pulse->pulse_code);
    science_put(packet, 3, 0);
    science_put(packet, 5, pulse->rank);
    science_put(packet, 24, pulse->pri_code);
    science_put(packet, 24, pulse->swst_code);
    science_put(packet, 24, pulse->swl_code);
    put_antenna(packet, sim, pulse);
    science_put(packet, 16, QUADS);
    science_put(packet, 8, 0);
}

static uint32_t sample(sim_t *sim, uint8_t signal, uint8_t baq) {
    uint32_t random = physics_random(&sim->sar.random);
    if (baq != BAQ_BYPASS) {
        return random >> (32 - baq);
    }
    uint32_t magnitude = is_calibration(signal) ? CALIBRATION_AMPLITUDE + (random & 0x1F) : random & 0xFF;
    return (random >> 31) << (BYPASS_BITS - 1) | magnitude;
}

/* Channels IE, IO, QE, QO, each padded to 16 bits; the BAQ block's threshold index leads QE. */
static void put_samples(science_packet_t *packet, sim_t *sim, uint8_t signal, uint8_t baq) {
    for (unsigned channel = 0; channel < 4; channel++) {
        if (baq != BAQ_BYPASS && channel == 2) {
            science_put(packet, 8, signal == SAR_SIGNAL_NOISE ? SCALE_NOISE : SCALE_ECHO);
        }
        for (unsigned i = 0; i < QUADS; i++) {
            science_put(packet, baq == BAQ_BYPASS ? BYPASS_BITS : baq, sample(sim, signal, baq));
        }
        science_pad(packet, 2);
    }
}

static size_t packet_octets(uint8_t baq) {
    size_t channel_bits = QUADS * (baq == BAQ_BYPASS ? BYPASS_BITS : baq);
    size_t octets = SCIENCE_PRIMARY_HEADER_OCTETS + SAR_PACKET_SECONDARY_HEADER_OCTETS + 4 * (channel_bits / 8) +
                    (baq == BAQ_BYPASS ? 0 : 2);
    return (octets + 3) / 4 * 4;
}

static void send(sim_t *sim, const sar_pulse_t *pulse, uint8_t baq, uint64_t now_us) {
    sar_packets_t *packets = &sim->sar.packets;
    const unit_t *unit = &sim->units[SIM_SAR];
    science_packet_t packet;
    science_begin(&packet, APID, packets->sent);
    put_secondary_header(&packet, sim, pulse, baq, now_us);
    put_samples(&packet, sim, pulse->signal, baq);
    science_pad(&packet, 4);
    science_finish(&packet);
    packets->sent++;
    packets->sent_in_phase++;
    recorder_take(sim, (uint16_t)unit_raw(unit, UNIT_CONTROL, SAR_CONTROL_ENTRY_ID_OFFSET), packet.octets,
                  science_octets(&packet), unit_gps_us(unit, now_us));
}

static uint8_t baq_of(const sim_t *sim, const sar_pulse_t *pulse) {
    return is_calibration(pulse->signal) ? BAQ_BYPASS : (uint8_t)field(sim, SAR_TABLE_BAQ_OFFSET);
}

/* Calibration pulses among the echoes are always sent, however few the packets. */
static void send_interleaved(sim_t *sim, uint32_t from, uint32_t to, uint64_t now_us) {
    for (uint32_t number = from; number < to; number++) {
        if (is_calibration(sar_pulse_signal(SAR_PHASE_ECHO, number))) {
            sar_pulse_t pulse = sar_pulse(sim, SAR_PHASE_ECHO, number);
            send(sim, &pulse, baq_of(sim, &pulse), now_us);
        }
    }
}

void sar_packets_step(sim_t *sim, uint8_t phase, uint64_t now_us) {
    sar_packets_t *packets = &sim->sar.packets;
    if (packets->phase != phase) {
        packets->phase = phase;
        packets->sent_in_phase = 0;
        packets->number = 0;
    }
    bool echoes = phase == SAR_PHASE_ECHO;
    uint32_t number = sar_pulse_number(sim, phase, now_us - sim->sar.phase_start_us);
    if (echoes) {
        send_interleaved(sim, packets->number, number, now_us);
    }
    packets->number = number;
    science_pace(&packets->pace, sim->settings.science_octets_per_second, SIM_STEP_US);
    for (;;) {
        /* Echoes as they are due, so that a sweep is seen from end to end; elsewhere the phase's first pulses. */
        sar_pulse_t pulse = sar_pulse(sim, phase, echoes ? number : packets->sent_in_phase);
        uint8_t baq = baq_of(sim, &pulse);
        if (!science_due(&packets->pace, packet_octets(baq)) && packets->sent_in_phase > 0) {
            return;
        }
        send(sim, &pulse, baq, now_us);
    }
}
