/* The host board: MicroPython's unix port with the language options of the target. */
#include "../common.h"

#include "boards/host/spacecraft.h"
#include "boards/host/vm_hook.h"

/* Computing takes virtual time. */
#define MICROPY_VM_HOOK_LOOP host_vm_hook();
#define MICROPY_VM_HOOK_RETURN host_vm_hook();

#define MICROPY_PY_SYS_PLATFORM "emei-host"
#define MICROPY_PY_SYS_PATH_DEFAULT ".frozen"
#define MICROPY_DEBUG_PRINTERS (1) /* the port's main needs their flag */
#define MICROPY_STREAMS_POSIX_API (1)
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#define MICROPY_USE_READLINE_HISTORY (0)

/* For test scripts. */
#define MICROPY_PY_BINASCII (1)
#define MICROPY_PY_JSON (1)
#define MICROPY_PY_OS_GETENV_PUTENV_UNSETENV (1)
#define MICROPY_PY_OS_INCLUDEFILE "ports/unix/modos.c"
