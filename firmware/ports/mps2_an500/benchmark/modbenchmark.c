/* User C module `benchmark` of the benchmark image: what its scripts ask of the surroundings, and
 * the faults in C that they need. */
#include "surroundings.h"

#include "boards/mps2_an500/board.h"
#include "core/guard_state.h"
#include "core/octets.h"
#include "dictionary.h"
#include "hal_flash.h"
#include "hal_link.h"
#include "hal_serial.h"

#include "py/obj.h"
#include "py/objlist.h"
#include "py/runtime.h"

#include <string.h>

#define SYS_GET_CMDLINE 0x15u
#define SYS_EXIT_EXTENDED 0x20u
#define STOPPED_APPLICATION_EXIT 0x20026u
#define FLUSH_US 1000000u
#define TICKS_MASK 0x3FFFFFFFu
#define CALIBRATION_LOOPS 500000u

static uint32_t semihosting(uint32_t operation, void *arguments) {
    register uint32_t r0 __asm("r0") = operation;
    register void *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

/* The emulator's `-semihosting-config arg=...`. */
static mp_obj_t argument(void) {
    static char text[64];
    void *block[] = {text, (void *)sizeof text};
    if (semihosting(SYS_GET_CMDLINE, block) != 0) {
        return MP_OBJ_NEW_QSTR(MP_QSTR_);
    }
    return mp_obj_new_str(text, strlen(text));
}
static MP_DEFINE_CONST_FUN_OBJ_0(argument_obj, argument);

/* End the emulator, once the console has been sent. */
static mp_obj_t exit_(mp_obj_t code) {
    uint64_t give_up_us = board_time_us() + FLUSH_US;
    size_t empty = hal_serial_writable(HAL_SERIAL_CONSOLE);
    while (board_time_us() < give_up_us) {
        board_wait(give_up_us);
        size_t room = hal_serial_writable(HAL_SERIAL_CONSOLE);
        if (room == empty) {
            break;
        }
        empty = room;
    }
    uint32_t block[] = {STOPPED_APPLICATION_EXIT, (uint32_t)mp_obj_get_int(code)};
    semihosting(SYS_EXIT_EXTENDED, block);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(exit_obj, exit_);

static mp_obj_t count(void) {
    surroundings_count();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(count_obj, count);

static mp_obj_t counted(void) {
    return mp_obj_new_int_from_uint(surroundings_counted());
}
static MP_DEFINE_CONST_FUN_OBJ_0(counted_obj, counted);

static mp_obj_t ticks(void) {
    return MP_OBJ_NEW_SMALL_INT(surroundings_ticks() & TICKS_MASK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(ticks_obj, ticks);

/* A loop of a known number of instructions, interrupts off: (instructions, as counted, clock's us). */
static mp_obj_t calibrate(void) {
    uint32_t state = board_interrupts_disable();
    uint64_t began_us = board_time_us();
    surroundings_count();
    uint32_t left = CALIBRATION_LOOPS;
    __asm volatile("1: subs %0, #1\n bne 1b" : "+r"(left)::"cc");
    uint32_t instructions = surroundings_counted();
    uint32_t took_us = (uint32_t)(board_time_us() - began_us);
    board_interrupts_restore(state);
    mp_obj_t items[] = {mp_obj_new_int_from_uint(2u * CALIBRATION_LOOPS), mp_obj_new_int_from_uint(instructions),
                        mp_obj_new_int_from_uint(took_us)};
    return mp_obj_new_tuple(MP_ARRAY_SIZE(items), items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(calibrate_obj, calibrate);

static mp_obj_t force(mp_obj_t name, mp_obj_t value) {
    return mp_obj_new_bool(sim_force(SURROUNDINGS->sim, mp_obj_str_get_str(name), (double)mp_obj_get_float(value)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(force_obj, force);

static mp_obj_t release(mp_obj_t name) {
    return mp_obj_new_bool(sim_release(SURROUNDINGS->sim, mp_obj_str_get_str(name)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(release_obj, release);

/* None when the name is unknown. */
static mp_obj_t observe(mp_obj_t name) {
    double value;
    if (!sim_observe(SURROUNDINGS->sim, mp_obj_str_get_str(name), &value)) {
        return mp_const_none;
    }
    return mp_obj_new_float((mp_float_t)value);
}
static MP_DEFINE_CONST_FUN_OBJ_1(observe_obj, observe);

/* A telecommand packet on its way to the computer, framed as the OBC frames it in clear mode. */
static mp_obj_t link(mp_obj_t packet) {
    static uint8_t frame[HAL_UPLINK_HEADER_OCTETS + PACKETS_LARGEST_PACKET_OCTETS + HAL_UPLINK_MAC_OCTETS];
    static uint8_t coded[sizeof frame + sizeof frame / 254u + 2u];
    mp_buffer_info_t info;
    mp_get_buffer_raise(packet, &info, MP_BUFFER_READ);
    if (info.len > PACKETS_LARGEST_PACKET_OCTETS) {
        mp_raise_ValueError(MP_ERROR_TEXT("too long a packet"));
    }
    size_t octets = HAL_UPLINK_HEADER_OCTETS + info.len + HAL_UPLINK_MAC_OCTETS;
    memset(frame, 0, sizeof frame);
    octets_put16(frame, EMEI_SPACECRAFT);
    memcpy(&frame[HAL_UPLINK_HEADER_OCTETS], info.buf, info.len);
    size_t coded_octets = hal_cobs_encode(frame, octets, coded, sizeof coded - 1u);
    coded[coded_octets++] = 0;
    return mp_obj_new_bool(surroundings_link(coded, coded_octets));
}
static MP_DEFINE_CONST_FUN_OBJ_1(link_obj, link);

static mp_obj_t alarm(mp_obj_t after_us) {
    surroundings_alarm((uint32_t)mp_obj_get_int(after_us));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(alarm_obj, alarm);

static mp_obj_t now_us(void) {
    return mp_obj_new_int_from_ull(board_time_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(now_us_obj, now_us);

static mp_obj_t alarm_us(void) {
    return mp_obj_new_int_from_ull(SURROUNDINGS->alarm_us);
}
static MP_DEFINE_CONST_FUN_OBJ_0(alarm_us_obj, alarm_us);

static mp_obj_t heartbeat_us(void) {
    return mp_obj_new_int_from_ull(SURROUNDINGS->heartbeat_us);
}
static MP_DEFINE_CONST_FUN_OBJ_0(heartbeat_us_obj, heartbeat_us);

/* Edges of transmit-enable since power-on: [(is on, time in us)]. */
static mp_obj_t edges(void) {
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (uint32_t i = 0; i < SURROUNDINGS->edge_count && i < SURROUNDINGS_EDGES; i++) {
        const edge_t *edge = &SURROUNDINGS->edges[i];
        mp_obj_t items[] = {mp_obj_new_bool(edge->code == 'T'), mp_obj_new_int_from_ull(edge->time_us)};
        mp_obj_list_append(list, mp_obj_new_tuple(MP_ARRAY_SIZE(items), items));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_0(edges_obj, edges);

static mp_obj_t forget_edges(void) {
    SURROUNDINGS->edge_count = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(forget_edges_obj, forget_edges);

static size_t note_index(mp_obj_t index) {
    mp_int_t place = mp_obj_get_int(index);
    if (place < 0 || place >= (mp_int_t)SURROUNDINGS_NOTES) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such note"));
    }
    return (size_t)place;
}

/* Numbers that outlive a reset. */
static mp_obj_t note(mp_obj_t index, mp_obj_t value) {
    SURROUNDINGS->notes[note_index(index)] = (int32_t)mp_obj_get_int(value);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(note_obj, note);

static mp_obj_t noted(mp_obj_t index) {
    return mp_obj_new_int(SURROUNDINGS->notes[note_index(index)]);
}
static MP_DEFINE_CONST_FUN_OBJ_1(noted_obj, noted);

/* Hang in C, interrupts on. */
static mp_obj_t spin(void) {
    for (;;) {
        __asm volatile("" ::: "memory");
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(spin_obj, spin);

/* The same with interrupts masked: only the watchdog is left. */
static mp_obj_t spin_masked(void) {
    board_interrupts_disable();
    return spin();
}
static MP_DEFINE_CONST_FUN_OBJ_0(spin_masked_obj, spin_masked);

/* Flip bits of a word of the guard's state, or of its complement. */
static mp_obj_t flip_guard(mp_obj_t word, mp_obj_t complement, mp_obj_t mask) {
    mp_int_t index = mp_obj_get_int(word);
    if (index < 0 || index >= GUARD_WORDS) {
        return mp_const_false;
    }
    volatile uint32_t *words = mp_obj_is_true(complement) ? guard_complements : guard_words;
    words[index] ^= (uint32_t)mp_obj_get_int_truncated(mask);
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_3(flip_guard_obj, flip_guard);

static mp_obj_t flash_erase(mp_obj_t address) {
    return MP_OBJ_NEW_SMALL_INT(hal_flash_erase((uint32_t)mp_obj_get_int(address)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(flash_erase_obj, flash_erase);

static mp_obj_t flash_busy(void) {
    return mp_obj_new_bool(hal_flash_busy());
}
static MP_DEFINE_CONST_FUN_OBJ_0(flash_busy_obj, flash_busy);

#define NAME(name)                                                                                                     \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&name##_obj) }

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_benchmark)},
    {MP_ROM_QSTR(MP_QSTR_GUARD_WORDS), MP_ROM_INT(GUARD_WORDS)},
    {MP_ROM_QSTR(MP_QSTR_FLASH_TRANSMITTING), MP_ROM_INT(HAL_FLASH_TRANSMITTING)},
    NAME(argument),
    {MP_ROM_QSTR(MP_QSTR_exit), MP_ROM_PTR(&exit_obj)},
    NAME(count),
    NAME(counted),
    NAME(ticks),
    NAME(calibrate),
    NAME(force),
    NAME(release),
    NAME(observe),
    NAME(link),
    NAME(alarm),
    NAME(now_us),
    NAME(alarm_us),
    NAME(heartbeat_us),
    NAME(edges),
    NAME(forget_edges),
    NAME(note),
    NAME(noted),
    NAME(spin),
    NAME(spin_masked),
    NAME(flip_guard),
    NAME(flash_erase),
    NAME(flash_busy),
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t benchmark_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_benchmark, benchmark_module);
