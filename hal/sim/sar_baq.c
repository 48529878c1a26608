#include "sar_baq.h"

#include "science_data.h"

#include <string.h>

#define CHANNELS 4u
#define INDEX_BITS 8u
#define CODES_LARGEST 16u /* magnitudes of 5 bits */
#define BLOCKS_LARGEST (SAR_SAMPLES_LARGEST / 2 / BAQ_BLOCK_QUADS + 1)
#define NEVER INT32_MAX

static const double levels_3[] = BAQ_LEVELS_3, levels_4[] = BAQ_LEVELS_4, levels_5[] = BAQ_LEVELS_5;

/* Thresholds of one block: code = number of them a magnitude is above. */
typedef struct {
    uint8_t index;
    int32_t above[CODES_LARGEST];
} block_t;

static const double *levels_of(unsigned bits) {
    return bits == 3 ? levels_3 : bits == 4 ? levels_4 : levels_5;
}

/* Below these indices the code is the magnitude. */
static unsigned simple_indices(unsigned bits) {
    return bits == 3 ? BAQ_SIMPLE_3_COUNT : bits == 4 ? BAQ_SIMPLE_4_COUNT : BAQ_SIMPLE_5_COUNT;
}

static double sigma_of(unsigned index) {
    return index < BAQ_INDEX_KNEE ? index * BAQ_SIGMA_STEP_BELOW_KNEE
                                  : BAQ_SIGMA_AT_KNEE + (index - BAQ_INDEX_KNEE) * BAQ_SIGMA_STEP_ABOVE_KNEE;
}

/* The nearest. */
static uint8_t index_of(double sigma) {
    double index = sigma / BAQ_SIGMA_STEP_BELOW_KNEE;
    if (index > BAQ_INDEX_KNEE) {
        double above = (sigma - BAQ_SIGMA_AT_KNEE) / BAQ_SIGMA_STEP_ABOVE_KNEE;
        index = BAQ_INDEX_KNEE + (above > 0 ? above : 0);
    }
    return (uint8_t)(index > BAQ_INDEX_LARGEST ? BAQ_INDEX_LARGEST : index + 0.5);
}

static int32_t magnitude(int16_t value) {
    return value < 0 ? -value : value;
}

static block_t block_of(const sar_sample_t *samples, unsigned count, unsigned bits) {
    uint32_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += (uint32_t)(magnitude(samples[i].i) + magnitude(samples[i].q));
    }
    block_t block = {.index = index_of(BAQ_SIGMA_PER_MEAN * sum / (2.0 * count))};
    unsigned codes = 1u << (bits - 1);
    double sigma = sigma_of(block.index);
    for (unsigned code = 0; code < codes; code++) {
        double middle = code + 1 < codes ? sigma * (levels_of(bits)[code] + levels_of(bits)[code + 1]) / 2 : NEVER;
        block.above[code] = code + 1 == codes                    ? NEVER
                            : block.index < simple_indices(bits) ? (int32_t)code
                                                                 : (int32_t)middle;
    }
    return block;
}

static uint32_t code_of(const block_t *block, int16_t value, unsigned bits) {
    uint32_t code = 0;
    while (magnitude(value) > block->above[code]) {
        code++;
    }
    return (value < 0 ? 1u << (bits - 1) : 0) | code;
}

/* Sign and magnitude. */
static uint32_t bypass_code(int16_t value) {
    return (value < 0 ? 1u << (BAQ_BYPASS_BITS - 1) : 0) | (uint32_t)magnitude(value);
}

static unsigned block_quads(unsigned quads, unsigned block) {
    unsigned left = quads - block * BAQ_BLOCK_QUADS;
    return left < BAQ_BLOCK_QUADS ? left : BAQ_BLOCK_QUADS;
}

/* Even samples first, odd ones then; the block's index leads its part of QE. */
void sar_baq_put(science_packet_t *packet, const sar_sample_t *samples, unsigned quads, unsigned bits) {
    unsigned blocks = (quads + BAQ_BLOCK_QUADS - 1) / BAQ_BLOCK_QUADS;
    block_t known[BLOCKS_LARGEST];
    for (unsigned block = 0; block < blocks && bits != 0; block++) {
        known[block] = block_of(&samples[2 * block * BAQ_BLOCK_QUADS], 2 * block_quads(quads, block), bits);
    }
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        bool quadrature = channel >= 2;
        for (unsigned quad = 0; quad < quads; quad++) {
            const sar_sample_t *sample = &samples[2 * quad + channel % 2];
            int16_t value = quadrature ? sample->q : sample->i;
            if (bits == 0) {
                science_put(packet, BAQ_BYPASS_BITS, bypass_code(value));
                continue;
            }
            const block_t *block = &known[quad / BAQ_BLOCK_QUADS];
            if (channel == 2 && quad % BAQ_BLOCK_QUADS == 0) {
                science_put(packet, INDEX_BITS, block->index);
            }
            science_put(packet, bits, code_of(block, value, bits));
        }
        science_pad(packet, 2);
    }
}

size_t sar_baq_octets(unsigned quads, unsigned bits) {
    size_t blocks = (quads + BAQ_BLOCK_QUADS - 1) / BAQ_BLOCK_QUADS;
    size_t plain = (quads * (bits == 0 ? BAQ_BYPASS_BITS : bits) + 15) / 16 * 2;
    size_t leading = bits == 0 ? plain : (quads * bits + INDEX_BITS * blocks + 15) / 16 * 2;
    return 3 * plain + leading;
}
