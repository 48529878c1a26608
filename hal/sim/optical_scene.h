/* What the optical instrument looks at, and what its pixels make of it. */
#ifndef OPTICAL_SCENE_H
#define OPTICAL_SCENE_H

#include "optical.h"

#define OPTICAL_BANDS 5u
#define OPTICAL_SAMPLE_LARGEST ((1u << OPTICAL_BITS_PER_SAMPLE) - 1)

/* Sample of one pixel of one row: light through the door's position, collected, amplified, converted to 12 bits. */
uint32_t optical_sample(const optical_view_t *view, unsigned band, uint32_t row, unsigned pixel,
                        physics_random_t *random);

#endif
