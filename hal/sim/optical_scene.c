#include "optical_scene.h"

#include "dictionary.h"
#include "science_data.h"

#define RECTANGLE_NUMBERS (4u + OPTICAL_BANDS)
#define PATTERN_STREAM 0x5041u
#define STUCK_LEVEL 1000u

_Static_assert(OPTICAL_MODEL_ELECTRONS_PER_US_COUNT == OPTICAL_BANDS, "bands");

static const double electrons_per_us[] = OPTICAL_MODEL_ELECTRONS_PER_US;
static const double background[] = OPTICAL_SCENE_BACKGROUND;
static const double gradient[] = OPTICAL_SCENE_GRADIENT;
static const double rectangles[OPTICAL_SCENE_RECTANGLES_COUNT][RECTANGLE_NUMBERS] = OPTICAL_SCENE_RECTANGLES;

static double reflectance(unsigned band, uint32_t row, unsigned pixel) {
    double value = background[band];
    if (row >= gradient[0] && row < gradient[0] + gradient[1]) {
        value = gradient[2] + (gradient[3] - gradient[2]) * pixel / (OPTICAL_SCALE_PIXELS - 1);
    }
    for (unsigned i = 0; i < OPTICAL_SCENE_RECTANGLES_COUNT; i++) {
        const double *of = rectangles[i];
        if (row >= of[0] && row < of[0] + of[2] && pixel >= of[1] && pixel < of[1] + of[3]) {
            value = of[4 + band];
        }
    }
    return value;
}

/* Light on the focal plane as a reflectance of the ground; what comes past a door that moves is not modelled. */
static double light(const optical_view_t *view, unsigned band, uint32_t row, unsigned pixel) {
    double lamp = view->lamp_on ? OPTICAL_MODEL_LAMP : 0;
    if (view->door == DOOR_OPEN) {
        return reflectance(band, row, pixel) + lamp;
    }
    return (view->door == DOOR_DIFFUSER ? OPTICAL_MODEL_DIFFUSER : 0) + lamp;
}

/* Response of a pixel, the same in every image of every bench. */
static double response(const optical_view_t *view, unsigned band, unsigned pixel) {
    physics_random_t pattern;
    physics_seed(&pattern, PATTERN_STREAM, band * OPTICAL_SCALE_PIXELS + pixel);
    return 1 + view->pattern_factor * OPTICAL_MODEL_PATTERN * physics_normal(&pattern);
}

uint32_t optical_sample(const optical_view_t *view, unsigned band, uint32_t row, unsigned pixel,
                        physics_random_t *random) {
    double exposure_us = view->integration * 0.1 * view->stages;
    if (pixel >= OPTICAL_SCALE_PIXELS / 2 && pixel < OPTICAL_SCALE_PIXELS / 2 + view->stuck_pixels) {
        return STUCK_LEVEL;
    }
    double seen = light(view, band, row, pixel) * response(view, band, pixel) * electrons_per_us[band];
    double electrons = (seen + OPTICAL_MODEL_DARK_ELECTRONS_PER_US) * exposure_us;
    double read = OPTICAL_MODEL_READ_NOISE_ELECTRONS;
    electrons += physics_sqrt(electrons + read * read * view->stages) * physics_normal(random);
    double level = OPTICAL_MODEL_OFFSET_DN + electrons * view->gain / OPTICAL_MODEL_ELECTRONS_PER_DN + 0.5;
    if (level <= 0) {
        return 0;
    }
    bool dazzled = view->sun_near && view->door == DOOR_OPEN;
    return dazzled || level > OPTICAL_SAMPLE_LARGEST ? OPTICAL_SAMPLE_LARGEST : (uint32_t)level;
}
