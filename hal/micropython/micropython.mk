# User C module `hal` and the portable core under it. The port supplies the board (hal/boards/*),
# the generated dictionary.c and the include paths of hal/include and the generated headers.
HAL_MODULE_DIR := $(USERMOD_DIR)
HAL_CORE_DIR := $(abspath $(USERMOD_DIR)/../core)

SRC_USERMOD_C += $(sort $(wildcard $(HAL_MODULE_DIR)/*.c))
SRC_USERMOD_LIB_C += $(sort $(wildcard $(HAL_CORE_DIR)/*.c))
CFLAGS_USERMOD += -I$(HAL_MODULE_DIR) -I$(abspath $(HAL_MODULE_DIR)/../include)
