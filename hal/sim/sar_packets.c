#include "sar_packets.h"

#include "dictionary.h"
#include "registers.h"
#include "sar_ancillary.h"
#include "sar_baq.h"
#include "science_data.h"
#include "sim_internal.h"

#include <string.h>

#define BAQ_BLOCK_LENGTH (BAQ_BLOCK_QUADS / 4 - 1) /* 8 x (31 + 1) complex samples */
#define CODE_LARGEST 32767u

#define CALIBRATION_IN_PREAMBLE 1u

_Static_assert(SAR_PACKETS_ANCILLARY_WORDS == SAR_ANCILLARY_WORDS, "ancillary words");

static const uint8_t header_bits[SAR_PACKET_FIELDS] = SAR_PACKET_BITS;
static const uint32_t sampling_rates_khz[] = SAR_SAMPLING_RATE_KHZ;
static const double calibration_lsb[] = SAR_MODEL_CALIBRATION_LSB;

/* Sentinel-1's decimation code with the highest rate not above ours. */
static const uint8_t decimation_codes[] = {7, 5, 3, 0, 0, 0};

/* Measurement mode by SAR_MODE: stripmap 1, contingency for spotlight, interferometric wide swath
 * for TOPS, noise characterisation, RF characterisation, test. */
static const uint8_t measurement_modes[] = {0, 0, 0, 0, 1, 28, 8, 37, 15, 16, 0, 0};

static uint32_t field(const sim_t *sim, uint16_t offset) {
    return (uint32_t)unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, offset);
}

static bool is_calibration(uint8_t signal) {
    return signal >= SAR_SIGNAL_TX_CALIBRATION;
}

/* The pulse generator works in steps of the header's codes: rate x 2^21 / Fref^2, and the start, minus half
 * the bandwidth, in Fref / 2^14 from rate / (4 Fref). Both clipped to 15 bits. */
typedef struct {
    uint32_t rate_code, start_code;
    double rate_hz_s, start_hz;
} chirp_t;

static chirp_t chirp_of(const sim_t *sim, const sar_pulse_t *pulse) {
    double fref = SAR_REFERENCE_FREQUENCY_HZ;
    double bandwidth_hz = field(sim, SAR_TABLE_BANDWIDTH_MHZ_OFFSET) * 1e6;
    double rate = bandwidth_hz * 2097152.0 / (pulse->pulse_code * fref) + 0.5;
    uint32_t rate_code = rate > CODE_LARGEST ? CODE_LARGEST : (uint32_t)rate;
    double rate_hz_s = rate_code * fref * fref / 2097152.0;
    double start = (bandwidth_hz / 2 + rate_hz_s / (4 * fref)) * 16384.0 / fref + 0.5;
    uint32_t start_code = start > CODE_LARGEST ? CODE_LARGEST : (uint32_t)start;
    return (chirp_t){rate_code, start_code, rate_hz_s, rate_hz_s / (4 * fref) - start_code * fref / 16384.0};
}

/* Of the window: a pulse and a part of the swath (dictionary, sar_scale). */
static unsigned quads_of(const sim_t *sim, const sar_pulse_t *pulse) {
    uint32_t length = pulse->pulse_code, window = pulse->swl_code;
    uint32_t recorded = window > length ? length + (window - length) / SAR_SCALE_SWATH_DIVISOR : window;
    double rate_hz = sampling_rates_khz[field(sim, SAR_TABLE_SAMPLING_RATE_OFFSET)] * 1e3;
    unsigned quads = (unsigned)(recorded * rate_hz / SAR_REFERENCE_FREQUENCY_HZ / 2);
    return quads > SAR_SAMPLES_LARGEST / 2 ? SAR_SAMPLES_LARGEST / 2 : quads;
}

static double receiver_gain(const sim_t *sim) {
    const double half_db = 1.0592537251772889; /* 10^(1/40) */
    int64_t steps = unit_raw(&sim->units[SIM_SAR], UNIT_MEMORY, SAR_TABLE_RECEIVE_GAIN_DB_OFFSET) -
                    (int64_t)(2 * SAR_MODEL_REFERENCE_GAIN_DB);
    double gain = 1;
    for (; steps > 0; steps--) {
        gain *= half_db;
    }
    for (; steps < 0; steps++) {
        gain /= half_db;
    }
    return gain;
}

void sar_packets_start(sim_t *sim) {
    memset(&sim->sar.packets, 0, sizeof sim->sar.packets);
}

/* What the packets of one pulse are about; each channel that receives has one. */
typedef struct {
    sar_pulse_t pulse;
    uint8_t baq;
    uint32_t interval; /* pulses since the start of the data take */
    uint64_t at_us;
    unsigned quads;
    chirp_t chirp;
} about_t;

static about_t about(const sim_t *sim, uint8_t phase, uint32_t number) {
    sar_pulse_t pulse = sar_pulse(sim, phase, number);
    return (about_t){
        .pulse = pulse,
        .baq = is_calibration(pulse.signal) ? BAQ_BYPASS : (uint8_t)field(sim, SAR_TABLE_BAQ_OFFSET),
        .interval = sim->sar.packets.first_interval + number,
        .at_us = sim->sar.phase_start_us + (uint64_t)(pulse.start_code * 1e6 / SAR_REFERENCE_FREQUENCY_HZ),
        .quads = quads_of(sim, &pulse),
        .chirp = chirp_of(sim, &pulse),
    };
}

/* Sub-swaths of TOPS may share an elevation beam. */
static uint32_t swath_number(const sim_t *sim, const sar_pulse_t *pulse) {
    bool is_tops = field(sim, SAR_TABLE_MODE_OFFSET) == SAR_MODE_TOPS;
    return is_tops ? SAR_PACKETS_TOPS_FIRST_SWATH + pulse->sub_swath : pulse->elevation_beam;
}

static void put_header(science_packet_t *packet, sim_t *sim, const about_t *packet_of, unsigned channel) {
    const sar_pulse_t *pulse = &packet_of->pulse;
    const unit_t *unit = &sim->units[SIM_SAR];
    sar_packets_t *packets = &sim->sar.packets;
    int64_t gps_us = unit_gps_us(unit, packet_of->at_us);
    uint32_t rate = field(sim, SAR_TABLE_SAMPLING_RATE_OFFSET);
    uint32_t word = packets->sent % SAR_ANCILLARY_WORDS;
    if (word == 0) {
        sar_ancillary(packets->ancillary, gps_us, (double)packet_of->at_us * 1e-6);
    }
    uint32_t header[SAR_PACKET_FIELDS] = {
        [SAR_PACKET_COARSE_TIME] = science_coarse_time(gps_us),
        [SAR_PACKET_FINE_TIME] = science_fine_time(gps_us),
        [SAR_PACKET_SYNC] = SAR_PACKETS_SYNC_WORD,
        [SAR_PACKET_DATA_TAKE_ID] = (uint32_t)unit_raw(unit, UNIT_CONTROL, SAR_CONTROL_TASK_ID_OFFSET),
        [SAR_PACKET_MEASUREMENT_MODE] = measurement_modes[field(sim, SAR_TABLE_MODE_OFFSET)],
        [SAR_PACKET_RECEIVE_CHANNEL] = channel,
        [SAR_PACKET_INSTRUMENT_CONFIGURATION] = sampling_rates_khz[rate],
        [SAR_PACKET_ANCILLARY_INDEX] = word + 1,
        [SAR_PACKET_ANCILLARY_WORD] = packets->ancillary[word],
        [SAR_PACKET_PACKET_COUNT] = packets->sent,
        [SAR_PACKET_PRI_COUNT] = packet_of->interval,
        [SAR_PACKET_BAQ_MODE] = packet_of->baq,
        [SAR_PACKET_BAQ_BLOCK_LENGTH] = BAQ_BLOCK_LENGTH,
        [SAR_PACKET_RANGE_DECIMATION] = decimation_codes[rate],
        [SAR_PACKET_RECEIVE_GAIN] = (uint32_t)-unit_raw(unit, UNIT_MEMORY, SAR_TABLE_RECEIVE_GAIN_DB_OFFSET),
        [SAR_PACKET_RAMP_RATE_SIGN] = 1,
        [SAR_PACKET_RAMP_RATE] = packet_of->chirp.rate_code,
        [SAR_PACKET_START_FREQUENCY] = packet_of->chirp.start_code,
        [SAR_PACKET_PULSE_LENGTH] = pulse->pulse_code,
        [SAR_PACKET_RANK] = pulse->rank,
        [SAR_PACKET_PRI] = pulse->pri_code,
        [SAR_PACKET_WINDOW_START] = pulse->swst_code,
        [SAR_PACKET_WINDOW_LENGTH] = pulse->swl_code,
        [SAR_PACKET_POLARISATION] = pulse->polarisation,
        [SAR_PACKET_TEMPERATURE_COMPENSATION] = SAR_PACKETS_TEMPERATURE_COMPENSATION,
        [SAR_PACKET_ELEVATION_BEAM] = pulse->elevation_beam,
        [SAR_PACKET_AZIMUTH_BEAM] = pulse->azimuth_beam,
        [SAR_PACKET_SIGNAL_TYPE] = pulse->signal,
        [SAR_PACKET_SWATH] = swath_number(sim, pulse),
        [SAR_PACKET_QUADS] = packet_of->quads,
    };
    if (is_calibration(pulse->signal)) {
        header[SAR_PACKET_CALIBRATION] = 1;
        header[SAR_PACKET_ELEVATION_BEAM] = 8u | (pulse->signal - SAR_SIGNAL_TX_CALIBRATION); /* not a test */
        header[SAR_PACKET_CALIBRATION_MODE] = CALIBRATION_IN_PREAMBLE;
    }
    science_put_fields(packet, header_bits, header, SAR_PACKET_FIELDS);
}

/* Centre of an azimuth beam, ahead of broadside. */
static double beam_rad(uint16_t beam) {
    return (beam - (int)SAR_AZIMUTH_BEAM_BROADSIDE) * SAR_AZIMUTH_BEAM_STEP_URAD * 1e-6;
}

/* After the first echo pulse, when the scene of a sub-swath is abeam: at once, but where a beam sweeps, when it first
 * comes to broadside. */
static double scene_after_s(const sim_t *sim, unsigned swath) {
    sar_turn_t turn = sar_turn(sim, swath);
    if (turn.step == 0 || turn.at_broadside >= turn.end) {
        return 0;
    }
    sar_pulse_t pulse = sar_pulse(sim, SAR_PHASE_ECHO, turn.at_broadside);
    return (double)pulse.start_code / SAR_REFERENCE_FREQUENCY_HZ;
}

static void receive(sim_t *sim, const about_t *packet_of, unsigned channel) {
    sar_t *sar = &sim->sar;
    const sar_pulse_t *pulse = &packet_of->pulse;
    double fref = SAR_REFERENCE_FREQUENCY_HZ;
    sar_receive_t receive = {
        .sampling_rate_hz = sampling_rates_khz[field(sim, SAR_TABLE_SAMPLING_RATE_OFFSET)] * 1e3,
        .pulse_s = pulse->pulse_code / fref,
        .start_hz = packet_of->chirp.start_hz,
        .rate_hz_s = packet_of->chirp.rate_hz_s,
        .window_delay_s = ((double)pulse->rank * pulse->pri_code + pulse->swst_code) / fref,
        .window_error_s = sar->window_error_ns * 1e-9,
        .gain = receiver_gain(sim),
        /* The echo phase begins with its first pulse. */
        .time_s = pulse->start_code / fref - scene_after_s(sim, pulse->sub_swath),
        .beam_rad = beam_rad(pulse->azimuth_beam),
        .cross_polarised = sar_pulse_transmits_v(pulse->polarisation) != (channel == 0),
        .antenna_length_m = SAR_ANTENNA_LENGTH_M * sar->antenna_share,
        .lost_target = (unsigned)sar->lost_target,
        .samples = 2 * packet_of->quads,
    };
    if (is_calibration(pulse->signal) && sar_table_transmits(sim)) {
        sar_signal_calibration(&sar->signal, &receive, &sar->random,
                               calibration_lsb[pulse->signal - SAR_SIGNAL_TX_CALIBRATION],
                               SAR_MODEL_CALIBRATION_DELAY_US * 1e-6);
    } else if (pulse->signal == SAR_SIGNAL_ECHO && sar_is_transmitting(sim)) {
        sar_signal_echo(&sar->signal, &receive, &sar->random);
    } else {
        sar_signal_noise(&sar->signal, &receive, &sar->random);
    }
}

static void send_channel(sim_t *sim, const about_t *packet_of, unsigned channel, uint64_t now_us) {
    sar_packets_t *packets = &sim->sar.packets;
    const unit_t *unit = &sim->units[SIM_SAR];
    science_packet_t *packet = &sim->packet;
    receive(sim, packet_of, channel);
    science_begin(packet, SAR_PACKETS_APID, packets->sent);
    put_header(packet, sim, packet_of, channel);
    sar_baq_put(packet, sim->sar.signal.sample, packet_of->quads, packet_of->baq);
    science_pad(packet, 4);
    science_finish(packet);
    packets->sent++;
    recorder_take(sim, (uint16_t)unit_raw(unit, UNIT_CONTROL, SAR_CONTROL_ENTRY_ID_OFFSET), packet->octets,
                  science_octets(packet), unit_gps_us(unit, now_us));
}

static void send(sim_t *sim, const about_t *packet_of, uint64_t now_us) {
    for (unsigned channel = 0; channel < SAR_CHANNELS; channel++) {
        if (sar_pulse_receives(packet_of->pulse.polarisation, channel)) {
            send_channel(sim, packet_of, channel, now_us);
        }
    }
}

/* Of a pulse's packets together. */
static size_t pulse_octets(const sar_pulse_t *pulse, unsigned quads, uint8_t baq) {
    size_t octets = SCIENCE_PRIMARY_HEADER_OCTETS + SAR_PACKET_SECONDARY_HEADER_OCTETS + sar_baq_octets(quads, baq);
    unsigned channels = 0;
    for (unsigned channel = 0; channel < SAR_CHANNELS; channel++) {
        channels += sar_pulse_receives(pulse->polarisation, channel);
    }
    return channels * ((octets + 3) / 4 * 4);
}

static double rate_octets_s(const sim_t *sim) {
    return sim->settings.science_octets_per_second * sim->sar.science_factor;
}

static void begin_phase(sim_t *sim, uint8_t phase) {
    sar_packets_t *packets = &sim->sar.packets;
    packets->phase = phase;
    packets->sent_in_phase = 0;
    packets->number = packets->next = 0;
    packets->first_interval = (uint32_t)((double)(sim->sar.phase_start_us - sim->sar.take_start_us) *
                                         SAR_REFERENCE_FREQUENCY_HZ / 1e6 / field(sim, SAR_TABLE_PRI_CODE_OFFSET));
    if (sar_pulse_sweeps(sim, phase)) {
        about_t first = about(sim, phase, 0);
        double octets = rate_octets_s(sim) * field(sim, SAR_TABLE_DURATION_MS_OFFSET) * 1e-3;
        packets->sweep = sar_sweep(sim, octets / (double)pulse_octets(&first.pulse, first.quads, first.baq));
    }
}

/* Calibration pulses among the echoes are always sent, however few the packets. */
static void send_interleaved(sim_t *sim, uint32_t from, uint32_t to, uint64_t now_us) {
    for (uint32_t number = from; number < to; number++) {
        if (is_calibration(sar_pulse_signal(SAR_PHASE_ECHO, number))) {
            about_t packet_of = about(sim, SAR_PHASE_ECHO, number);
            packet_of.quads =
                packet_of.quads < SAR_SCALE_INTERLEAVED_QUADS ? packet_of.quads : SAR_SCALE_INTERLEAVED_QUADS;
            send(sim, &packet_of, now_us);
        }
    }
}

/* What the unit would send for the pulses: the whole window of each, whatever its signal. */
static void charge(sim_t *sim, uint8_t phase, uint32_t number, uint32_t pulses) {
    sar_pulse_t pulse = sar_pulse(sim, phase, number);
    double rate_hz = sampling_rates_khz[field(sim, SAR_TABLE_SAMPLING_RATE_OFFSET)] * 1e3;
    unsigned quads = (unsigned)(pulse.swl_code * rate_hz / SAR_REFERENCE_FREQUENCY_HZ / 2);
    size_t octets = pulse_octets(&pulse, quads, (uint8_t)field(sim, SAR_TABLE_BAQ_OFFSET));
    recorder_charge(sim, (uint16_t)unit_raw(&sim->units[SIM_SAR], UNIT_CONTROL, SAR_CONTROL_ENTRY_ID_OFFSET),
                    (double)octets * pulses);
}

/* Echoes of a sweep are spread over it; of all else the phase's first pulses are sent, one after the other. */
void sar_packets_step(sim_t *sim, uint8_t phase, uint64_t now_us) {
    sar_packets_t *packets = &sim->sar.packets;
    if (packets->phase != phase) {
        begin_phase(sim, phase);
    }
    uint32_t number = sar_pulse_number(sim, phase, now_us - sim->sar.phase_start_us);
    if (phase == SAR_PHASE_ECHO) {
        send_interleaved(sim, packets->number, number, now_us);
    }
    charge(sim, phase, number, number - packets->number);
    packets->number = number;
    science_pace(&packets->pace, (uint32_t)rate_octets_s(sim), SIM_STEP_US);
    bool of_sweep = sar_pulse_sweeps(sim, phase);
    uint32_t most = of_sweep                  ? sar_sweep_most()
                    : phase == SAR_PHASE_ECHO ? SAR_SCALE_ECHO_PULSES
                                              : SAR_SCALE_OTHER_PULSES;
    while (packets->sent_in_phase < most) {
        uint32_t next = of_sweep ? sar_sweep_next(&packets->sweep, packets->next) : packets->next;
        about_t packet_of = about(sim, phase, next);
        if (packet_of.at_us > now_us) {
            return;
        }
        bool due = science_due(&packets->pace, pulse_octets(&packet_of.pulse, packet_of.quads, packet_of.baq));
        if (!due && packets->sent_in_phase > 0) {
            return;
        }
        send(sim, &packet_of, now_us);
        packets->sent_in_phase++;
        packets->next = next + 1;
    }
}
