# The board under the core, and what the dictionary generates for it. HAL_BOARD names the folder,
# GENERATED the generator's output; both are set by the port. HAL_UNITS: link the units in.
HAL_BOARDS_DIR := $(USERMOD_DIR)

SRC_USERMOD_LIB_C += $(sort $(wildcard $(HAL_BOARDS_DIR)/$(HAL_BOARD)/*.c))
ifeq ($(HAL_BOARD),host)
SRC_USERMOD_C += $(HAL_BOARDS_DIR)/host/micropython/modexplore.c $(HAL_BOARDS_DIR)/host/micropython/heap.c
endif
ifneq ($(filter host,$(HAL_BOARD))$(HAL_UNITS),)
SRC_USERMOD_LIB_C += $(sort $(wildcard $(abspath $(HAL_BOARDS_DIR)/../sim)/*.c))
endif
CFLAGS_USERMOD += -I$(GENERATED)/c

PY_O += $(BUILD)/generated/dictionary.o
$(BUILD)/generated/dictionary.o: $(GENERATED)/c/dictionary.c
	$(call compile_c)
