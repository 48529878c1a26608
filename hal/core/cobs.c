/* Consistent overhead byte stuffing (Cheshire and Baker, 1999): no octet of a frame is zero. */
#include "hal_link.h"

#include <string.h>

#define RUN_OCTETS_LARGEST 254u

size_t hal_cobs_encode(const uint8_t *data, size_t octets, uint8_t *out, size_t room) {
    size_t written = 0;
    size_t taken = 0;
    for (;;) {
        size_t run = 0;
        while (taken + run < octets && run < RUN_OCTETS_LARGEST && data[taken + run] != 0) {
            run++;
        }
        if (written + 1 + run > room) {
            return 0;
        }
        out[written] = (uint8_t)(run + 1);
        if (run > 0) {
            memcpy(&out[written + 1], &data[taken], run);
        }
        written += 1 + run;
        taken += run;
        if (taken == octets) {
            return written;
        }
        if (run < RUN_OCTETS_LARGEST) {
            taken++; /* the zero that ended the run */
        }
    }
}

size_t hal_cobs_decode(uint8_t *data, size_t octets) {
    size_t written = 0;
    size_t taken = 0;
    while (taken < octets) {
        size_t code = data[taken++];
        if (code == 0 || code - 1 > octets - taken) {
            return 0;
        }
        for (size_t i = 1; i < code; i++) {
            if (data[taken] == 0) {
                return 0;
            }
            data[written++] = data[taken++];
        }
        if (code <= RUN_OCTETS_LARGEST && taken < octets) {
            data[written++] = 0;
        }
    }
    return written;
}
