/* Sub-commutated ancillary data of the SAR's packets: where the platform is. */
#ifndef SAR_ANCILLARY_H
#define SAR_ANCILLARY_H

#include <stdint.h>

/* The words of one cycle of the layout (dictionary, SAR_PACKET): position and velocity on a circular orbit,
 * `orbit_s` after its x axis, and the GPS time they are of. */
void sar_ancillary(uint16_t *words, int64_t gps_us, double orbit_s);

#endif
