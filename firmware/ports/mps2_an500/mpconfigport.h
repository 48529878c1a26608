/* MicroPython as this project flies it. The host port takes the same language options
 * (firmware/ports/common.h); what differs here is the machine. */
#include <alloca.h>
#include <stdint.h>

#include "../common.h"

#define MICROPY_PY_SYS_PLATFORM "mps2_an500"
#define MICROPY_HW_BOARD_NAME "mps2-an500"
#define MICROPY_HW_MCU_NAME "Cortex-M7"
#define MICROPY_MAKE_POINTER_CALLABLE(p) ((void *)((mp_uint_t)(p) | 1))

/* The compiler is in every image. The REPL is linked into the bench image only, where main.c calls
 * it; the linker drops it from the flight image. */
#define MICROPY_ENABLE_COMPILER (1)
#define MICROPY_HELPER_REPL (1)
#define MICROPY_KBD_EXCEPTION (1)

#define MICROPY_PY_BINASCII (0)
#define MICROPY_PY_BUILTINS_INPUT (0)
#define MICROPY_PY_JSON (0)
#define MICROPY_PY_SYS_STDFILES (1)
#define MICROPY_PY_SYS_STDIO_BUFFER (0)
#define MICROPY_PYEXEC_ENABLE_VM_ABORT (1)
#define MICROPY_USE_INTERNAL_PRINTF (1)

typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX (0x7fffffff)
#define UINT_FMT "%lu"
#define INT_FMT "%ld"

#define MP_NEED_LOG2 (1)
#define MP_STATE_PORT MP_STATE_VM

uint32_t board_interrupts_disable(void);
void board_interrupts_restore(uint32_t state);
#define MICROPY_BEGIN_ATOMIC_SECTION() board_interrupts_disable()
#define MICROPY_END_ATOMIC_SECTION(state) board_interrupts_restore(state)
