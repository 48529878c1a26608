/* The parameter pool: every housekeeping sample's one home.
 *
 * A parameter is an index (dictionary.h, POOL_*); its value is an integer in raw units with the
 * time it was set. It is valid from its first set until hal_pool_invalidate(), or until it is
 * older than its dictionary freshness. */
#ifndef HAL_POOL_H
#define HAL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { HAL_U8 = 0, HAL_U16 = 1, HAL_U32 = 2, HAL_I8 = 3, HAL_I16 = 4, HAL_I32 = 5, HAL_CUC = 6 } hal_type_t;

typedef struct {
    uint8_t type;      /* hal_type_t */
    uint16_t fresh_ms; /* 0: never ages */
} hal_pool_entry_t;

/* Generated: one entry a parameter. */
extern const hal_pool_entry_t hal_pool_table[];

/* Octets of a type on the wire; 0 for an unknown type. */
size_t hal_type_octets(uint8_t type);
/* Does `value` fit the type? */
bool hal_type_fits(uint8_t type, int64_t value);
/* Write / read big-endian. The caller has checked type, fit and room. */
void hal_type_write(uint8_t type, int64_t value, uint8_t *data);
int64_t hal_type_read(uint8_t type, const uint8_t *data);

void hal_pool_init(void);
/* False when the index is unknown or the value does not fit its type; the pool is unchanged. */
bool hal_pool_set(unsigned index, int64_t value, uint64_t now_us);
int64_t hal_pool_get(unsigned index);
bool hal_pool_valid(unsigned index, uint64_t now_us);
uint32_t hal_pool_age_ms(unsigned index, uint64_t now_us); /* UINT32_MAX when never set */
/* How often the parameter was set, modulo 2^16: tells a new sample from an old one. */
uint16_t hal_pool_samples(unsigned index);
void hal_pool_invalidate(unsigned first, unsigned count);

/* Take `count` consecutive parameters from `first` out of a unit's housekeeping block. False, and
 * nothing set, when the block's length is not the sum of their types. */
bool hal_pool_load(unsigned first, unsigned count, const uint8_t *block, size_t octets, uint64_t now_us);

/* Pack parameters (`indices` as big-endian 16-bit pairs of octets) after a 32-bit validity mask
 * (bit n: n-th parameter valid). Returns octets written, 0 when they do not fit. */
size_t hal_pool_pack(const uint8_t *indices, size_t count, uint8_t *data, size_t room, uint64_t now_us);

/* Monitors. */
typedef struct {
    uint16_t parameter;
    uint16_t condition; /* parameter that must be valid and not 0 for the monitor to apply; 0xFFFF: none */
    uint32_t modes;     /* bit n: applies in mode n of its instrument */
    uint8_t instrument; /* dictionary INSTRUMENT */
    uint8_t limits;  /* bits: 1 warning low, 2 warning high, 4 trip low, 8 trip high, 16 event only, 32 stale trips */
    uint8_t samples; /* consecutive samples beyond a trip limit that make a trip */
    int32_t warning_low, warning_high, trip_low, trip_high;
} hal_monitor_t;
extern const hal_monitor_t hal_monitors[];
extern const unsigned hal_monitor_count;

/* Monitors beyond this number would not be swept: a build with more is refused by its tests. */
#define HAL_MONITORS_LARGEST_COUNT 64

#define HAL_MONITOR_WARNING_LOW 1
#define HAL_MONITOR_WARNING_HIGH 2
#define HAL_MONITOR_TRIP_LOW 4
#define HAL_MONITOR_TRIP_HIGH 8
#define HAL_MONITOR_EVENT_ONLY 16
#define HAL_MONITOR_STALE_TRIPS 32
#define HAL_MONITOR_UNCONDITIONAL 0xFFFF

typedef enum { HAL_MONITOR_WITHIN = 0, HAL_MONITOR_WARNING = 1, HAL_MONITOR_TRIP = 2 } hal_monitor_state_t;

/* Every monitor within, nothing to report. */
void hal_monitor_init(void);

/* Sweep one instrument's monitors with its present mode. Only a fresh sample (set since the last
 * sweep) counts. Monitors that do not apply are reset, which is not a change to report. Limits are
 * themselves allowed values. A stale parameter trips at once where the monitor says so. */
void hal_monitor_sweep(uint8_t instrument, unsigned mode, uint64_t now_us);
/* Next monitor whose state changed since it was last asked, or -1. `*state` is its new state. */
int hal_monitor_changed(hal_monitor_state_t *state);
hal_monitor_state_t hal_monitor_state(unsigned monitor);
/* Is the present sample beyond a trip limit that applies in a mode, whatever mode was swept last? */
bool hal_monitor_would_trip(unsigned monitor, unsigned mode, uint64_t now_us);
/* Does a trip limit apply in a mode to a parameter that has no fresh sample? */
bool hal_monitor_is_unknown(unsigned monitor, unsigned mode, uint64_t now_us);

#endif
