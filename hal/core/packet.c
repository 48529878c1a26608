/* Space packets (CCSDS 133.0-B) with PUS-C headers (ECSS-E-ST-70-41C clause 7.4). */
#include "dictionary.h"
#include "hal_link.h"
#include "hal_time.h"
#include "octets.h"

#define PRIMARY_HEADER_OCTETS 6u
#define CRC_OCTETS 2u
#define CRC_INITIAL 0xFFFFu
#define TYPE_AND_SECONDARY_HEADER_FLAG 0x18u /* first octet: telecommand, secondary header present */
#define TM_SECONDARY_HEADER_FLAG 0x0800u
#define APID_MASK 0x07FFu
#define UNSEGMENTED 3u
#define COUNT_MASK 0x3FFFu
#define PUS_VERSION 2u

static uint16_t refuse(uint16_t failure, int32_t detail, int32_t limit, int32_t *to_detail, int32_t *to_limit) {
    *to_detail = detail;
    *to_limit = limit;
    return failure;
}

uint16_t hal_tc_check(const uint8_t *packet, size_t octets, int32_t *detail, int32_t *limit) {
    if (octets < HAL_TC_HEADER_OCTETS + CRC_OCTETS) {
        return refuse(FAILURE_BAD_LENGTH, -1, (int32_t)octets, detail, limit);
    }
    size_t stated_octets = (size_t)octets_get16(&packet[4]) + 1 + PRIMARY_HEADER_OCTETS;
    if (stated_octets != octets) {
        return refuse(FAILURE_BAD_LENGTH, (int32_t)stated_octets, (int32_t)octets, detail, limit);
    }
    uint16_t stated_crc = octets_get16(&packet[octets - CRC_OCTETS]);
    uint16_t computed_crc = hal_crc16(packet, octets - CRC_OCTETS, CRC_INITIAL);
    if (stated_crc != computed_crc) {
        return refuse(FAILURE_BAD_CRC, stated_crc, computed_crc, detail, limit);
    }
    if (packet[0] >> 5 != 0) {
        return refuse(FAILURE_BAD_VERSION, packet[0] >> 5, 0, detail, limit);
    }
    uint16_t identification = octets_get16(packet);
    if ((packet[0] & TYPE_AND_SECONDARY_HEADER_FLAG) != TYPE_AND_SECONDARY_HEADER_FLAG) {
        return refuse(FAILURE_BAD_PACKET_TYPE, identification, 0, detail, limit);
    }
    if ((identification & APID_MASK) != PACKETS_PAYLOAD_APID) {
        return refuse(FAILURE_UNKNOWN_APID, identification & APID_MASK, PACKETS_PAYLOAD_APID, detail, limit);
    }
    if (packet[2] >> 6 != UNSEGMENTED) {
        return refuse(FAILURE_SEGMENTED, packet[2] >> 6, UNSEGMENTED, detail, limit);
    }
    if (packet[PRIMARY_HEADER_OCTETS] >> 4 != PUS_VERSION) {
        return refuse(FAILURE_BAD_VERSION, packet[PRIMARY_HEADER_OCTETS] >> 4, PUS_VERSION, detail, limit);
    }
    return refuse(0, 0, 0, detail, limit);
}

static void put_primary_header(uint8_t *packet, uint16_t identification, uint16_t sequence_count, size_t octets) {
    octets_put16(packet, identification);
    octets_put16(&packet[2], (uint16_t)(UNSEGMENTED << 14 | (sequence_count & COUNT_MASK)));
    octets_put16(&packet[4], (uint16_t)(octets - PRIMARY_HEADER_OCTETS - 1));
}

static size_t put_crc(uint8_t *packet, size_t octets) {
    octets_put16(&packet[octets - CRC_OCTETS], hal_crc16(packet, octets - CRC_OCTETS, CRC_INITIAL));
    return octets;
}

size_t hal_tm_finish(uint8_t *packet, size_t source_data_octets, uint16_t sequence_count, uint8_t service,
                     uint8_t subservice, uint16_t message_type_count, uint64_t gps_us) {
    size_t octets = HAL_TM_HEADER_OCTETS + source_data_octets + CRC_OCTETS;
    put_primary_header(packet, TM_SECONDARY_HEADER_FLAG | PACKETS_PAYLOAD_APID, sequence_count, octets);
    /* Spacecraft time reference status: the quality of the on-board time. */
    packet[6] = (uint8_t)(PUS_VERSION << 4 | (unsigned)hal_time_quality());
    packet[7] = service;
    packet[8] = subservice;
    octets_put16(&packet[9], message_type_count);
    octets_put16(&packet[11], PACKETS_DESTINATION_ID);
    packet[13] = HAL_CUC_P_FIELD;
    hal_time_to_cuc(gps_us, &packet[14]);
    return put_crc(packet, octets);
}

size_t hal_tm_time_report(uint8_t *packet, uint16_t sequence_count, uint8_t rate_exponent, uint64_t gps_us) {
    size_t octets = PRIMARY_HEADER_OCTETS + 1 + 1 + HAL_CUC_OCTETS + CRC_OCTETS;
    put_primary_header(packet, PACKETS_TIME_APID, sequence_count, octets);
    packet[6] = rate_exponent;
    packet[7] = HAL_CUC_P_FIELD;
    hal_time_to_cuc(gps_us, &packet[8]);
    return put_crc(packet, octets);
}
