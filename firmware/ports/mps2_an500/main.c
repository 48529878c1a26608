/* Start MicroPython and the application; in a bench image, the REPL after it. */
#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/pystack.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"

#include "boards/mps2_an500/board.h"
#include "dictionary.h"
#include "hal_serial.h"

#define STACK_RESERVE_OCTETS 4096u /* for C that checks no limit, and the guard */

extern uint8_t link_stack_start[], link_stack_end[];

__attribute__((section(".heap"), aligned(16))) static uint8_t heap[EXECUTIVE_HEAP_OCTETS];
static mp_obj_t pystack[1024];

static void report_boot(void) {
    uint32_t kind, pc, lr, status;
    mp_printf(&mp_plat_print, "emei %s boot, reset cause %d\n", EMEI_VARIANT, (int)board_reset_cause());
    if (board_fault(&kind, &pc, &lr, &status)) {
        mp_printf(&mp_plat_print, "exception %u at 0x%08x from 0x%08x, status 0x%08x\n", (unsigned)kind, (unsigned)pc,
                  (unsigned)lr, (unsigned)status);
    }
}

static void start_micropython(void) {
    mp_cstack_init_with_top(link_stack_end, (size_t)(link_stack_end - link_stack_start) - STACK_RESERVE_OCTETS);
    mp_pystack_init(pystack, &pystack[MP_ARRAY_SIZE(pystack)]);
    gc_init(heap, heap + sizeof heap);
    mp_init();
}

#if EMEI_REPL
static void repl(void) {
    for (;;) {
        int result = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        if (result & PYEXEC_FORCED_EXIT) {
            board_reset(HAL_RESET_COMMANDED);
        }
    }
}
#endif

int main(void) {
    board_init();
    hal_serial_init();
    start_micropython();
    report_boot();
    pyexec_frozen_module("main.py", false);
    mp_printf(&mp_plat_print, "emei: the application ended\n");
#if EMEI_REPL
    repl();
#endif
    board_reset(HAL_RESET_SOFTWARE_FAULT);
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    (void)value;
    board_reset(HAL_RESET_SOFTWARE_FAULT);
}

/* No file system in this slice: imports come from the frozen modules only. */
mp_lexer_t *mp_lexer_new_from_file(qstr filename) {
    (void)filename;
    mp_raise_OSError(MP_ENOENT);
}

mp_import_stat_t mp_import_stat(const char *path) {
    (void)path;
    return MP_IMPORT_STAT_NO_EXIST;
}

mp_obj_t mp_builtin_open(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    (void)n_args, (void)args, (void)kwargs;
    mp_raise_OSError(MP_ENOENT);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, mp_builtin_open);
