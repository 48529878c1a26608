# Variant of MicroPython's unix port; ROOT and GENERATED come from the caller.
PROG = emei-host
HAL_BOARD = host
COPT = -O2
FROZEN_MANIFEST ?= $(ROOT)/firmware/manifest.py

# 32-bit, as the target.
MICROPY_FORCE_32BIT = 1
MICROPY_ROM_TEXT_COMPRESSION = 1
MICROPY_STANDALONE = 0
MICROPY_USE_READLINE = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_THREAD = 0
MICROPY_PY_TERMIOS = 0
MICROPY_PY_SOCKET = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_PY_JNI = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0

# MicroPython's own modules library is not used; its build rules look for this file.
MPY_LIB_DIR := $(BUILD)/no_library
$(shell mkdir -p $(MPY_LIB_DIR) && touch -a $(MPY_LIB_DIR)/README.md)

# The host board is a bench build that flies as any spacecraft (boards/host/spacecraft.h).
CFLAGS_EXTRA += -DEMEI_BENCH_BUILD=1 '-DEMEI_SPACECRAFT=host_spacecraft_id()'
CFLAGS_EXTRA += -I$(ROOT)/hal -I$(ROOT)/hal/include -I$(ROOT)/hal/sim
LDFLAGS_EXTRA += -Wl,--wrap=main -Wl,--wrap=write
# Where position-independent code costs most, 32-bit, it is of no use here.
CFLAGS_EXTRA += -fno-pie
LDFLAGS_EXTRA += -no-pie
