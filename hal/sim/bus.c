#include "bus.h"

#include "hal_link.h"
#include "sim_internal.h"

#include <string.h>

#define DAMAGE 0x55u

static unit_t *find_unit(sim_t *sim, uint8_t node) {
    for (unsigned i = 0; i < SIM_UNITS; i++) {
        if (sim->units[i].map->node == node) {
            return &sim->units[i];
        }
    }
    return NULL;
}

/* Put a reply where its turn is: after every other that is due no later. A reply beyond what the
 * units can hold back is lost. */
static void queue(bus_t *bus, const uint8_t *reply, size_t octets, uint64_t due_us) {
    if (bus->waiting == BUS_REPLIES) {
        bus->discarded++;
        return;
    }
    unsigned place = bus->waiting;
    while (place > 0 && bus->replies[place - 1].due_us > due_us && bus->replies[place - 1].sent == 0) {
        bus->replies[place] = bus->replies[place - 1];
        place--;
    }
    bus_reply_t *item = &bus->replies[place];
    item->due_us = due_us;
    item->sent = 0;
    item->octets = (uint16_t)hal_cobs_encode(reply, octets, item->data, sizeof item->data - 1);
    item->data[item->octets++] = 0;
    bus->waiting++;
}

static void serve(sim_t *sim, uint8_t *frame, size_t octets) {
    bus_t *bus = &sim->bus;
    uint8_t reply[RMAP_REPLY_LARGEST_OCTETS];
    size_t packet_octets = hal_cobs_decode(frame, octets);
    unit_t *unit = packet_octets > 0 ? find_unit(sim, frame[0]) : NULL;
    bus->requests++;
    if (unit == NULL || !unit->powered || unit->faults[UNIT_FAULT_DEAF] != 0) {
        bus->discarded++;
        return;
    }
    rmap_target_t target = unit_target(unit);
    size_t reply_octets = rmap_target_serve(&target, frame, packet_octets, reply);
    if (reply_octets == 0 || unit->faults[UNIT_FAULT_DEAD] != 0) {
        bus->discarded++;
        return;
    }
    if (rmap_is_write(frame, packet_octets) && unit->last_write.repetitions < unit->faults[UNIT_FAULT_LOSE_REPLIES]) {
        bus->discarded++;
        return;
    }
    if (unit->faults[UNIT_FAULT_CORRUPT] != 0) {
        reply[reply_octets - 1] ^= DAMAGE;
    }
    queue(bus, reply, reply_octets, sim->now_us + (uint64_t)(unit->faults[UNIT_FAULT_SLOW_MS] * 1000.0));
}

void sim_bus_receive(sim_t *sim, const uint8_t *data, size_t octets) {
    bus_t *bus = &sim->bus;
    for (size_t i = 0; i < octets; i++) {
        if (data[i] != 0 && bus->octets < sizeof bus->frame) {
            bus->frame[bus->octets++] = data[i];
        } else if (data[i] != 0) {
            bus->overlong = true;
        } else {
            if (bus->overlong) {
                bus->discarded++;
            } else if (bus->octets > 0) {
                serve(sim, bus->frame, bus->octets);
            }
            bus->octets = 0;
            bus->overlong = false;
        }
    }
}

size_t sim_bus_transmit(sim_t *sim, uint8_t *data, size_t room) {
    bus_t *bus = &sim->bus;
    size_t written = 0;
    while (bus->waiting > 0 && bus->replies[0].due_us <= sim->now_us && written < room) {
        bus_reply_t *item = &bus->replies[0];
        size_t left = item->octets - item->sent;
        size_t octets = left < room - written ? left : room - written;
        memcpy(&data[written], &item->data[item->sent], octets);
        item->sent = (uint16_t)(item->sent + octets);
        written += octets;
        if (item->sent == item->octets) {
            bus->waiting--;
            memmove(&bus->replies[0], &bus->replies[1], bus->waiting * sizeof bus->replies[0]);
        }
    }
    return written;
}
