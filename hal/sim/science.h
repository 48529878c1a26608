/* The instruments' high-rate link to the recorder: pace, and octets of a packet. */
#ifndef SCIENCE_H
#define SCIENCE_H

#include <stddef.h>
#include <stdint.h>

#define SCIENCE_PRIMARY_HEADER_OCTETS 6u
#define SCIENCE_PACKET_LARGEST_OCTETS 65540u

/* Octets a link may send, as they become due. */
typedef struct {
    uint64_t credit; /* octets x 10^6 */
} science_pace_t;

void science_pace(science_pace_t *pace, uint32_t octets_per_second, uint32_t step_us);
/* Take the octets of one packet out of the pace; 0 when they are not due yet. */
int science_due(science_pace_t *pace, size_t octets);

/* Bits of a packet, most significant first. */
typedef struct {
    uint8_t octets[SCIENCE_PACKET_LARGEST_OCTETS];
    size_t bits;
} science_packet_t;

void science_put(science_packet_t *packet, unsigned bits, uint32_t value);
/* A header of the dictionary: one value a field, `bits` their widths. */
void science_put_fields(science_packet_t *packet, const uint8_t *bits, const uint32_t *values, size_t fields);
/* Zero bits up to a multiple of `octets` octets. */
void science_pad(science_packet_t *packet, size_t octets);
size_t science_octets(const science_packet_t *packet);

/* Space packet primary header (CCSDS 133.0-B), telemetry with a secondary header, unsegmented; the
 * length is filled in by science_finish(). */
void science_begin(science_packet_t *packet, uint16_t apid, uint32_t sequence_count);
void science_finish(science_packet_t *packet);
/* Datation: GPS seconds, and a fraction in units of 2^-16 s. */
uint32_t science_coarse_time(int64_t gps_us);
uint32_t science_fine_time(int64_t gps_us);

#endif
