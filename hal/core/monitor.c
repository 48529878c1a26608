#include "hal_pool.h"

#include <string.h>

typedef struct {
    uint16_t samples_seen;
    uint8_t beyond; /* consecutive samples beyond a trip limit */
    uint8_t state;  /* hal_monitor_state_t */
    uint8_t reported;
} progress_t;

static progress_t progress[HAL_MONITORS_LARGEST_COUNT];

static unsigned monitor_count(void) {
    return hal_monitor_count < HAL_MONITORS_LARGEST_COUNT ? hal_monitor_count : HAL_MONITORS_LARGEST_COUNT;
}

/* A condition that is not known is not met: what it was before its unit lost its supply is of no use. A unit that is
 * lost is answered by itself. */
static bool meets_condition(const hal_monitor_t *monitor, uint64_t now_us) {
    return hal_pool_valid(monitor->condition, now_us) && hal_pool_get(monitor->condition) != 0;
}

static bool applies(const hal_monitor_t *monitor, unsigned mode, uint64_t now_us) {
    return mode < 32 && (monitor->modes >> mode & 1) != 0 &&
           (monitor->condition == HAL_MONITOR_UNCONDITIONAL || meets_condition(monitor, now_us));
}

static bool is_beyond(const hal_monitor_t *monitor, int64_t value, uint8_t low_bit, int32_t low, uint8_t high_bit,
                      int32_t high) {
    return ((monitor->limits & low_bit) != 0 && value < low) || ((monitor->limits & high_bit) != 0 && value > high);
}

static bool is_beyond_trip(const hal_monitor_t *monitor, int64_t value) {
    return is_beyond(monitor, value, HAL_MONITOR_TRIP_LOW, monitor->trip_low, HAL_MONITOR_TRIP_HIGH,
                     monitor->trip_high);
}

static void take_sample(const hal_monitor_t *monitor, progress_t *entry) {
    int64_t value = hal_pool_get(monitor->parameter);
    bool trip = is_beyond_trip(monitor, value);
    bool warning = is_beyond(monitor, value, HAL_MONITOR_WARNING_LOW, monitor->warning_low, HAL_MONITOR_WARNING_HIGH,
                             monitor->warning_high);
    if (!trip) {
        entry->beyond = 0;
        entry->state = warning ? HAL_MONITOR_WARNING : HAL_MONITOR_WITHIN;
        return;
    }
    if (entry->beyond < monitor->samples) {
        entry->beyond++;
    }
    if (entry->beyond >= monitor->samples) {
        entry->state = HAL_MONITOR_TRIP;
    } else if (warning && entry->state == HAL_MONITOR_WITHIN) {
        entry->state = HAL_MONITOR_WARNING;
    }
}

void hal_monitor_init(void) {
    memset(progress, 0, sizeof progress);
}

void hal_monitor_sweep(uint8_t instrument, unsigned mode, uint64_t now_us) {
    unsigned count = monitor_count();
    for (unsigned i = 0; i < count; i++) {
        const hal_monitor_t *monitor = &hal_monitors[i];
        if (monitor->instrument != instrument) {
            continue;
        }
        progress_t *entry = &progress[i];
        uint16_t samples = hal_pool_samples(monitor->parameter);
        bool is_new = samples != entry->samples_seen;
        entry->samples_seen = samples;
        if (!applies(monitor, mode, now_us)) {
            entry->beyond = 0;
            entry->state = HAL_MONITOR_WITHIN;
            entry->reported = HAL_MONITOR_WITHIN;
        } else if (!hal_pool_valid(monitor->parameter, now_us)) {
            if ((monitor->limits & HAL_MONITOR_STALE_TRIPS) != 0) {
                entry->state = HAL_MONITOR_TRIP;
            }
        } else if (is_new) {
            take_sample(monitor, entry);
        }
    }
}

int hal_monitor_changed(hal_monitor_state_t *state) {
    unsigned count = monitor_count();
    for (unsigned i = 0; i < count; i++) {
        if (progress[i].state != progress[i].reported) {
            progress[i].reported = progress[i].state;
            *state = (hal_monitor_state_t)progress[i].state;
            return (int)i;
        }
    }
    return -1;
}

hal_monitor_state_t hal_monitor_state(unsigned monitor) {
    return monitor < monitor_count() ? (hal_monitor_state_t)progress[monitor].state : HAL_MONITOR_WITHIN;
}

bool hal_monitor_would_trip(unsigned monitor, unsigned mode, uint64_t now_us) {
    if (monitor >= monitor_count()) {
        return false;
    }
    const hal_monitor_t *entry = &hal_monitors[monitor];
    return applies(entry, mode, now_us) && (entry->limits & HAL_MONITOR_EVENT_ONLY) == 0 &&
           hal_pool_valid(entry->parameter, now_us) && is_beyond_trip(entry, hal_pool_get(entry->parameter));
}

bool hal_monitor_is_unknown(unsigned monitor, unsigned mode, uint64_t now_us) {
    if (monitor >= monitor_count()) {
        return false;
    }
    const hal_monitor_t *entry = &hal_monitors[monitor];
    return applies(entry, mode, now_us) && (entry->limits & HAL_MONITOR_EVENT_ONLY) == 0 &&
           !hal_pool_valid(entry->parameter, now_us);
}
