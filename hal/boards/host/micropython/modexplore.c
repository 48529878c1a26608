/* User C module `explore` of the host board (tests/safety): the checker's loop under the firmware. */
#include "boards/host/explore.h"
#include "boards/host/host.h"

#include "hal_pool.h"

#include "py/bc.h"
#include "py/gc.h"
#include "py/objfun.h"
#include "py/objgenerator.h"
#include "py/objlist.h"
#include "py/objtuple.h"
#include "py/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_STATE_OCTETS 512u
#define ANSWER_OCTETS 65536u

/* Octets of a state: integers from here on share what is left; then what is none. */
#define LARGE_INTEGERS 200
#define AN_OBJECT 254u
#define NO_OBJECT 255u

/* As py/gc.c has it: two bits a block. */
#define BLOCKS_IN_TABLE_OCTET 4u
#define FREE_BLOCK 0u

/* Standard output with a buffer, apart from MicroPython's own use of it. */
static FILE *answers;

/* As py/objgenerator.c has it. */
typedef struct {
    mp_obj_base_t base;
    mp_obj_t pend_exc;
    mp_code_state_t code_state;
} generator_t;

/* As py/objboundmeth.c has it. */
typedef struct {
    mp_obj_base_t base;
    mp_obj_t meth;
    mp_obj_t self;
} bound_method_t;

static mp_obj_t begin(void) {
    explore_begin(MP_STATE_MEM(area).gc_alloc_table_start,
                  (size_t)(MP_STATE_MEM(area).gc_pool_end - MP_STATE_MEM(area).gc_alloc_table_start));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(begin_obj, begin);

static mp_obj_t advance(mp_obj_t duration_ms, mp_obj_t alive) {
    explore_advance((uint32_t)mp_obj_get_int(duration_ms), mp_obj_is_true(alive));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(advance_obj, advance);

static mp_obj_t reset(mp_obj_t cause) {
    explore_reset((hal_reset_cause_t)mp_obj_get_int(cause));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(reset_obj, reset);

/* An edge of a discrete, as one character. */
static mp_obj_t edge(mp_obj_t letter) {
    host_edge((uint8_t)mp_obj_str_get_str(letter)[0]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(edge_obj, edge);

/* Where a generator stands, appended to a list: the list itself as a mark, its function's name, its
 * place in the bytecode and its locals, then those of the generator it delegates to, and so on. */
static mp_obj_t position(mp_obj_t list, mp_obj_t object) {
    while (mp_obj_is_type(object, &mp_type_gen_instance)) {
        const generator_t *generator = MP_OBJ_TO_PTR(object);
        const mp_code_state_t *code = &generator->code_state;
        if (code->ip == NULL) {
            break;
        }
        mp_obj_list_append(list, list);
        mp_obj_list_append(list, MP_OBJ_NEW_QSTR(mp_obj_fun_get_name(MP_OBJ_FROM_PTR(code->fun_bc))));
        mp_obj_list_append(list, MP_OBJ_NEW_SMALL_INT((mp_int_t)((uintptr_t)code->ip & 0xFFFFFF)));
        object = MP_OBJ_NULL;
        size_t used = (size_t)(code->sp - code->state + 1);
        for (size_t i = code->n_state; i > used; i--) {
            if (code->state[i - 1] != MP_OBJ_NULL) {
                mp_obj_list_append(list, code->state[i - 1]);
            }
        }
        /* yield from keeps the generator it delegates to on the value stack. */
        for (size_t i = 0; i < used; i++) {
            if (code->state[i] != MP_OBJ_NULL && mp_obj_is_type(code->state[i], &mp_type_gen_instance)) {
                object = code->state[i];
            }
        }
        if (object == MP_OBJ_NULL) {
            break;
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(position_obj, position);

/* One octet for an integer; large ones (identifiers, causes) share what is left above LARGE_INTEGERS. */
static uint8_t small(mp_int_t number) {
    bool is_small = number >= 0 && number < LARGE_INTEGERS;
    return (uint8_t)(is_small ? number : LARGE_INTEGERS + (number % 50 + 50) % 50);
}

/* attributes(octets, fields, others): an octet for each field, a tuple (thing, attribute, live, as_boolean). What
 * none stands for, as a generator, is appended to the list `others`; `live` is None or says whether the attribute
 * counts now. Their number is returned. */
static mp_obj_t attributes(mp_obj_t octets, mp_obj_t fields, mp_obj_t others) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(octets, &info, MP_BUFFER_WRITE);
    size_t count;
    mp_obj_t *field;
    mp_obj_get_array(fields, &count, &field);
    for (size_t i = 0; i < count && i < info.len; i++) {
        mp_obj_t *item;
        mp_obj_get_array_fixed_n(field[i], 4, &item);
        uint8_t octet = 0;
        if (item[2] == mp_const_none || mp_obj_is_true(mp_call_function_1(item[2], item[0]))) {
            mp_obj_t value = mp_load_attr(item[0], mp_obj_str_get_qstr(item[1]));
            if (mp_obj_is_small_int(value)) {
                mp_int_t number = MP_OBJ_SMALL_INT_VALUE(value);
                octet = item[3] == mp_const_true ? number != 0 : small(number);
            } else if (value == mp_const_none) {
                octet = NO_OBJECT;
            } else if (value == mp_const_true || value == mp_const_false) {
                octet = value == mp_const_true;
            } else {
                octet = AN_OBJECT;
                mp_obj_list_append(others, value);
            }
        }
        ((uint8_t *)info.buf)[i] = octet;
    }
    return MP_OBJ_NEW_SMALL_INT((mp_int_t)count);
}
static MP_DEFINE_CONST_FUN_OBJ_3(attributes_obj, attributes);

/* As many octets from `at` on; an error when there is no room for them. */
static uint8_t *octets_at(mp_obj_t octets, mp_obj_t at, size_t count) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(octets, &info, MP_BUFFER_WRITE);
    size_t begin = (size_t)mp_obj_get_int(at);
    if (begin > info.len || count > info.len - begin) {
        mp_raise_ValueError(MP_ERROR_TEXT("no room for a state"));
    }
    return (uint8_t *)info.buf + begin;
}

/* integers(octets, at, values): an octet for each integer or truth value of a tuple from `at` on. */
static mp_obj_t integers(mp_obj_t octets, mp_obj_t at, mp_obj_t values) {
    size_t count;
    mp_obj_t *value;
    mp_obj_get_array(values, &count, &value);
    uint8_t *to = octets_at(octets, at, count);
    for (size_t i = 0; i < count; i++) {
        to[i] = small(mp_obj_get_int(value[i]));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(integers_obj, integers);

/* trips(octets, at, count): an octet for each of the first monitors: is it beyond its trip limit? */
static mp_obj_t trips(mp_obj_t octets, mp_obj_t at, mp_obj_t count) {
    size_t monitors = (size_t)mp_obj_get_int(count);
    uint8_t *to = octets_at(octets, at, monitors);
    for (size_t i = 0; i < monitors; i++) {
        to[i] = hal_monitor_state((unsigned)i) == HAL_MONITOR_TRIP;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(trips_obj, trips);

/* The object a bound method belongs to; None when it is not one. */
static mp_obj_t bound_object(mp_obj_t method) {
    if (!mp_obj_is_type(method, &mp_type_bound_meth)) {
        return mp_const_none;
    }
    return ((const bound_method_t *)MP_OBJ_TO_PTR(method))->self;
}
static MP_DEFINE_CONST_FUN_OBJ_1(bound_object_obj, bound_object);

static void print_octets(mp_obj_t octets) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * LARGEST_STATE_OCTETS + 1];
    mp_buffer_info_t info;
    mp_get_buffer_raise(octets, &info, MP_BUFFER_READ);
    size_t length = info.len < LARGEST_STATE_OCTETS ? info.len : LARGEST_STATE_OCTETS;
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[((const uint8_t *)info.buf)[i] >> 4];
        text[2 * i + 1] = digits[((const uint8_t *)info.buf)[i] & 15];
    }
    text[2 * length] = '\0';
    fputs(text, answers);
}

static void print_outcome(mp_obj_t outcome) {
    size_t count;
    mp_obj_t *number;
    mp_obj_get_array(outcome, &count, &number);
    for (size_t i = 0; i < count; i++) {
        fprintf(answers, "%c%d", i == 0 ? '|' : ' ', (int)mp_obj_get_int(number[i]));
    }
}

/* Take one step and print what it gives: the state's octets, what was seen, and the numbers of an outcome if it gives
 * one. False after a fault. */
static bool take(mp_obj_t step, int number) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        fprintf(answers, "! ");
        fflush(answers);
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
        return false;
    }
    mp_obj_t result = mp_call_function_1(step, MP_OBJ_NEW_SMALL_INT(number));
    size_t items;
    mp_obj_t *item;
    mp_obj_get_array(result, &items, &item);
    fprintf(answers, "%d ", number);
    print_octets(item[0]);
    fprintf(answers, " %s", mp_obj_str_get_str(item[1]));
    if (items > 2) {
        print_outcome(item[2]);
    }
    putc('\n', answers);
    nlr_pop();
    return true;
}

static int enabled_edges(mp_obj_t enabled, int *numbers, int room) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        fprintf(answers, "! ");
        fflush(answers);
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
        return -1;
    }
    size_t items;
    mp_obj_t *item;
    mp_obj_get_array(mp_call_function_0(enabled), &items, &item);
    int count = 0;
    while (count < room && count < (int)items) {
        numbers[count] = (int)mp_obj_get_int(item[count]);
        count++;
    }
    nlr_pop();
    return count;
}

/* Garbage gives way to zeros first: an image holds what is alive, and no step from it has to collect. */
static int save_image(void) {
    gc_collect();
    const mp_state_mem_area_t *area = &MP_STATE_MEM(area);
    size_t blocks = area->gc_alloc_table_byte_len * BLOCKS_IN_TABLE_OCTET;
    for (size_t block = 0; block < blocks; block++) {
        unsigned kind =
            area->gc_alloc_table_start[block / BLOCKS_IN_TABLE_OCTET] >> 2 * (block % BLOCKS_IN_TABLE_OCTET) & 3;
        if (kind == FREE_BLOCK) {
            memset(area->gc_pool_start + block * MICROPY_BYTES_PER_GC_BLOCK, 0, MICROPY_BYTES_PER_GC_BLOCK);
        }
    }
    return explore_save();
}

static bool expand(mp_obj_t enabled, mp_obj_t step, int image) {
    int numbers[512];
    bool good = explore_restore(image);
    int count = good ? enabled_edges(enabled, numbers, 512) : -1;
    good = count >= 0;
    for (int i = 0; good && i < count; i++) {
        good = explore_restore(image) && take(step, numbers[i]);
    }
    return good;
}

/* serve(enabled, step): step(edge) gives (state, what was seen) or (state, what was seen, outcome), a tuple of numbers.
 * The checker's orders on standard input, one a line; images by number, 0 is the state now.
 *   x IMAGE         try every enabled edge of the image
 *   s IMAGE EDGE    try one edge and keep an image of where it leads: its number is printed first
 *   f IMAGE         forget an image
 * Each answer ends with a line ".". Returns at the end of the input or after a fault. */
static mp_obj_t serve(mp_obj_t enabled, mp_obj_t step) {
    char line[64];
    answers = fdopen(dup(STDOUT_FILENO), "w");
    if (answers == NULL || setvbuf(answers, NULL, _IOFBF, ANSWER_OCTETS) != 0) {
        mp_raise_OSError(errno);
    }
    int image = save_image();
    bool good = image == 0;
    fprintf(answers, ".\n");
    fflush(answers);
    while (good && fgets(line, sizeof line, stdin) != NULL) {
        int number = -1;
        char *rest;
        image = (int)strtol(line + 1, &rest, 10);
        if (line[0] == 'x') {
            good = expand(enabled, step, image);
        } else if (line[0] == 's') {
            number = (int)strtol(rest, NULL, 10);
            good = explore_restore(image) && take(step, number);
            if (good) {
                image = save_image();
                fprintf(answers, "%d\n", image);
                good = image >= 0;
                if (!good) {
                    fprintf(answers, "! no memory for another image\n");
                }
            }
        } else if (line[0] == 'f') {
            explore_release(image);
            continue;
        } else {
            good = false;
        }
        fprintf(answers, ".\n");
        fflush(answers);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(serve_obj, serve);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_explore)},
    {MP_ROM_QSTR(MP_QSTR_begin_exploring), MP_ROM_PTR(&begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_advance_clock), MP_ROM_PTR(&advance_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset_in_place), MP_ROM_PTR(&reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_discrete_edge), MP_ROM_PTR(&edge_obj)},
    {MP_ROM_QSTR(MP_QSTR_generator_position), MP_ROM_PTR(&position_obj)},
    {MP_ROM_QSTR(MP_QSTR_bound_object), MP_ROM_PTR(&bound_object_obj)},
    {MP_ROM_QSTR(MP_QSTR_attributes), MP_ROM_PTR(&attributes_obj)},
    {MP_ROM_QSTR(MP_QSTR_integers), MP_ROM_PTR(&integers_obj)},
    {MP_ROM_QSTR(MP_QSTR_trips), MP_ROM_PTR(&trips_obj)},
    {MP_ROM_QSTR(MP_QSTR_serve_checker), MP_ROM_PTR(&serve_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t explore_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_explore, explore_module);
