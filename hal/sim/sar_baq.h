/* Block adaptive quantisation of SAR samples as Sentinel-1 does it (S1-IF-ASD-PL-0007). */
#ifndef SAR_BAQ_H
#define SAR_BAQ_H

#include "sar_signal.h"
#include "science.h"

/* User data of a packet: the channels IE, IO, QE, QO of `quads` x 2 samples, `bits` each (0: bypass). */
void sar_baq_put(science_packet_t *packet, const sar_sample_t *samples, unsigned quads, unsigned bits);
/* Octets it takes. */
size_t sar_baq_octets(unsigned quads, unsigned bits);

#endif
