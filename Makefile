# Emei: everything is built into build/ and .venv/. `make help` lists the goals.
#
# Every step leaves a stamp or a file, so that a second make does nothing. A checkout of upstream
# MicroPython v1.25.0 serves as well: make MICROPYTHON_DIR=<checkout>.

BUILD := $(CURDIR)/build
STAMPS := $(BUILD)/stamps
PYTHON := $(CURDIR)/.venv/bin/python
PYTHON3 ?= $(firstword $(wildcard /usr/bin/python3.11) python3.11)
MICROPYTHON_DIR ?= $(BUILD)/micropython
override MICROPYTHON_DIR := $(abspath $(MICROPYTHON_DIR))
MPY_CROSS := $(BUILD)/mpy-cross/mpy-cross
BOARD ?= emulated
ARGS ?=
WORKERS ?= 3
VARIANTS := bench flight benchmark

# Sub-makes get what they are given below and nothing of this command line (BOARD means
# something else to MicroPython).
MAKEOVERRIDES :=
SUBMAKE = $(MAKE) --no-print-directory
export PYTHONHASHSEED := 0
export SOURCE_DATE_EPOCH ?= 0
export MICROPY_GIT_TAG := v1.25.0

DICTIONARY := $(shell find firmware/dictionary host_tools/emei/dictionary -name '*.toml' -o -name '*.json' -o -name '*.py')
FIRMWARE_PY := $(shell find firmware/payload firmware/main.py -name '*.py')
HAL_C := $(shell find hal -name '*.[ch]' -o -name '*.mk')
PORTS := $(shell find firmware/ports firmware/boot -type f)
SOURCES := $(FIRMWARE_PY) $(filter-out hal/cffi/%,$(HAL_C)) $(PORTS) firmware/manifest.py
OWN_C := $(shell find hal firmware/ports firmware/boot -name '*.[ch]')

.DELETE_ON_ERROR:
.PHONY: all help setup generate firmware host-board cffi demo bench test real-time verify lint clean distclean

all: firmware host-board cffi ## Build everything (default)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  variables: BOARD=emulated|host of demo; ARGS=... of demo, bench and test; WORKERS=3 of test; MICROPYTHON_DIR; PYTHON3"

setup: $(STAMPS)/packages .venv/.complete $(MICROPYTHON_DIR)/.usable $(MPY_CROSS) ## Install what is missing: Debian packages, .venv, MicroPython

$(STAMPS)/packages: firmware/toolchain/packages.txt
	@firmware/toolchain/install-packages.sh
	@mkdir -p $(@D) && touch $@

.venv/.complete: pyproject.toml | $(STAMPS)/packages
	@echo "python environment: .venv"
	@$(PYTHON3) -m venv .venv || { echo "make: no virtual environment: install the packages python3.11 and python3.11-venv, or set PYTHON3 to a Python 3.11" >&2; exit 1; }
	@.venv/bin/pip --disable-pip-version-check install -q -e '.[dev]' || { echo "make: pip could not install what pyproject.toml pins: see the lines above" >&2; exit 1; }
	@touch $@

ifeq ($(MICROPYTHON_DIR),$(BUILD)/micropython)
$(MICROPYTHON_DIR)/.usable: firmware/toolchain/fetch-micropython.sh | $(STAMPS)/packages
	@echo "MicroPython source: $(MICROPYTHON_DIR)"
	@firmware/toolchain/fetch-micropython.sh $(MICROPYTHON_DIR)
	@touch $@
else
.PHONY: $(MICROPYTHON_DIR)/.usable
$(MICROPYTHON_DIR)/.usable:
	@test -f $(MICROPYTHON_DIR)/py/mkrules.mk || { echo "make: no MicroPython source in MICROPYTHON_DIR=$(MICROPYTHON_DIR)" >&2; exit 1; }
endif

$(MPY_CROSS): | $(MICROPYTHON_DIR)/.usable .venv/.complete
	@echo "mpy-cross"
	@$(SUBMAKE) -C $(MICROPYTHON_DIR)/mpy-cross BUILD=$(BUILD)/mpy-cross PYTHON=$(PYTHON) > $(BUILD)/mpy-cross.log 2>&1 || { cat $(BUILD)/mpy-cross.log >&2; exit 1; }

generate: $(STAMPS)/generate ## Generate tables, C headers and docs from the dictionary

$(STAMPS)/generate: $(DICTIONARY) | .venv/.complete
	@echo "dictionary: build/gen, docs/interface.md"
	@$(PYTHON) -m emei.dictionary.generate --out $(BUILD)/gen > /dev/null
	@$(PYTHON) -m emei interface --out docs/interface.md
	@mkdir -p $(@D) && touch $@

PORT_ARGUMENTS = MICROPYTHON_DIR=$(MICROPYTHON_DIR) MICROPY_MPYCROSS=$(MPY_CROSS) ROOT=$(CURDIR) GENERATED=$(BUILD)/gen \
	USER_C_MODULES=$(CURDIR)/hal PYTHON=$(PYTHON)

# Run a build with its output in a log: only its last line, or everything when it fails.
define logged
	@mkdir -p $(BUILD)/logs $(STAMPS)
	@$(2) > $(BUILD)/logs/$(1).log 2>&1 || { cat $(BUILD)/logs/$(1).log >&2; echo "make: $(1) does not build: see above or build/logs/$(1).log" >&2; exit 1; }
endef

firmware: $(VARIANTS:%=$(STAMPS)/firmware-%) ## Build the flight computer's images: bench, flight and benchmark

$(STAMPS)/firmware-benchmark: tests/firmware/on_micropython/bench.py
$(STAMPS)/firmware-%: $(SOURCES) $(STAMPS)/generate | $(MPY_CROSS)
	@echo "firmware: build/mps2_an500/$*"
	$(call logged,firmware-$*,$(SUBMAKE) -C firmware/ports/mps2_an500 VARIANT=$* BUILD=$(BUILD)/mps2_an500/$* $(PORT_ARGUMENTS))
	@grep '^image $*:' $(BUILD)/logs/firmware-$*.log || true
	@touch $@

host-board: $(STAMPS)/host-board ## Build the host board: the firmware with the units, in virtual time

$(STAMPS)/host-board: $(SOURCES) $(STAMPS)/generate | $(MPY_CROSS)
	@echo "host board: build/host/emei-host"
	$(call logged,host-board,$(SUBMAKE) -C $(MICROPYTHON_DIR)/ports/unix VARIANT_DIR=$(CURDIR)/firmware/ports/host BUILD=$(BUILD)/host $(PORT_ARGUMENTS))
	@touch $@

cffi: $(STAMPS)/cffi ## Build the HAL and the unit models for Python

$(STAMPS)/cffi: $(HAL_C) hal/cffi/build.py $(STAMPS)/generate
	@echo "HAL for Python: build/cffi"
	$(call logged,cffi,$(PYTHON) hal/cffi/build.py)
	@touch $@

demo: all ## Fly the pass over Meishan: make demo [BOARD=emulated|host] [ARGS=...]
	@$(PYTHON) -m hil.demo --board $(BOARD) $(ARGS)

bench: firmware ## Measure the firmware in guest instructions: make bench [ARGS=--json]
	@$(PYTHON) -m hil.benchmark $(ARGS)

test: all ## Run every test: make test [WORKERS=3] [ARGS=...]
	@$(PYTHON) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

real-time: all ## Run every scenario on the emulated board, four files at a time: make real-time [ARGS=...]
	@$(PYTHON) -m pytest hil/scenarios --board emulated --real-time -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

verify: host-board cffi ## Explore every state of modes, inhibits and faults, and weaken each guard: make verify [ARGS=...]
	@$(PYTHON) -m tests.safety.verify $(ARGS)

lint: $(STAMPS)/generate $(MPY_CROSS) ## Check the sources: ruff, mypy, mpy-cross, dictionary, cppcheck, clang-format
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	@mkdir -p $(BUILD)/stubs && cp "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/micropython.pyi" $(BUILD)/stubs/
	$(PYTHON) -m mypy --config-file firmware/mypy.ini
	$(PYTHON) -m emei.dictionary.check
	@echo "mpy-cross on every firmware file"
	@for file in $(FIRMWARE_PY) $$(find $(BUILD)/gen/firmware -name '*.py'); do $(MPY_CROSS) -o /dev/null $$file || exit 1; done
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem -Ihal/include -Ihal/sim -I$(BUILD)/gen/c hal/core hal/sim hal/boards firmware/boot
	clang-format --dry-run -Werror $(OWN_C)

clean: ## Remove what was built, but for MicroPython's source and .venv
	rm -rf $(filter-out $(BUILD)/micropython,$(wildcard $(BUILD)/*))

distclean: ## Remove build and .venv
	rm -rf $(BUILD) .venv
