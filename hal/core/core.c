#include "hal_core.h"

#include "dictionary.h"
#include "hal_discrete.h"
#include "hal_guard.h"
#include "hal_journal.h"
#include "hal_link.h"
#include "hal_memory.h"
#include "hal_noinit.h"
#include "hal_pool.h"
#include "hal_records.h"
#include "hal_rmap.h"
#include "hal_serial.h"
#include "hal_time.h"
#include "hal_zones.h"

static uint16_t identity;
static uint32_t authentication;

void hal_init(uint16_t spacecraft_id, bool accept_clear_mode) {
    hal_noinit_init();
    hal_guard_init();
    hal_time_init();
    hal_journal_init();
    hal_records_init();
    hal_pool_init();
    hal_monitor_init();
    hal_zones_init();
    hal_memory_init();
    hal_discrete_init();
    hal_rmap_init();
    hal_serial_init();
    hal_link_init(spacecraft_id, accept_clear_mode);
    identity = spacecraft_id;
    authentication = accept_clear_mode ? AUTHENTICATION_CLEAR : AUTHENTICATION_AUTHENTICATED;
}

void hal_pool_refresh(void) {
    uint64_t now_us = hal_time_us();
    const hal_link_counters_t *link = hal_link_counters();
    const hal_rmap_counters_t *bus = hal_rmap_counters();
    const struct {
        uint16_t index;
        uint32_t value;
    } values[] = {
        {POOL_UPTIME_S, (uint32_t)(now_us / 1000000)},
        {POOL_SPACECRAFT_ID, identity},
        {POOL_DICTIONARY_HASH, DICTIONARY_HASH},
        {POOL_AUTHENTICATION, authentication},
        {POOL_BOOT_COUNT, hal_noinit_boot_count()},
        {POOL_RESET_CAUSE, (uint32_t)hal_noinit_reset_cause()},
        {POOL_TIME_QUALITY, (uint32_t)hal_time_quality()},
        {POOL_LINK_FRAMES_GOOD, link->frames_good},
        {POOL_LINK_FRAMES_MALFORMED, link->frames_malformed},
        {POOL_LINK_FRAMES_OVERLONG, link->frames_overlong},
        {POOL_LINK_FRAMES_FOREIGN, link->frames_foreign},
        {POOL_LINK_FRAMES_UNAUTHENTIC, link->frames_unauthentic},
        {POOL_LINK_OVERRUN_OCTETS, (uint16_t)hal_serial_overrun_octets(HAL_SERIAL_LINK)},
        {POOL_BUS_TRANSACTIONS, bus->transactions},
        {POOL_BUS_RETRIES, bus->retries},
        {POOL_BUS_FAILURES, bus->failures},
        {POOL_TRANSMIT_ENABLE, hal_guard_transmitting()},
        {POOL_GUARD_TRIPS, (uint16_t)hal_guard_trips()},
        {POOL_JOURNAL_FAULTS, (uint16_t)hal_journal_status()->faults},
        {POOL_JOURNAL_DAMAGED, (uint16_t)hal_journal_status()->damaged},
        {POOL_PROCESSOR_ERRORS_CORRECTED, hal_memory_corrected_errors()},
        {POOL_ALARM, hal_discrete_alarm()},
        {POOL_PPS_COUNT, (uint16_t)hal_discrete_pps_count()},
    };
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        (void)hal_pool_set(values[i].index, values[i].value, now_us);
    }
}
