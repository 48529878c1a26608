"""payload.md's demands as data: conditions of each mode, ways between modes, times to react. Apart from the
firmware's tables, so that an error in those is found.
"""

from payload.tables import enums, modes

# Conditions that payload.md demands before a mode is entered. Take conditions hold for every mode of measurement
# or imaging unless a mode has a row of its own.
_SAR_TAKE = (
    "SAR_FRESH", "SAR_TRM_TEMPERATURE", "SAR_BASEPLATE", "BUS_VOLTAGE", "BATTERY", "ATTITUDE_ERROR", "TIME_SET",
    "TABLE_VALID", "RECORDER_READY", "MEMORY_BUDGET", "POWER_BUDGET", "TRANSMIT_BUDGET", "OUTSIDE_TRANSMIT_ZONES",
    "TRANSMIT_PERMITTED",
)  # fmt: skip
_TRANSMIT_ITEMS = ("TRANSMIT_BUDGET", "OUTSIDE_TRANSMIT_ZONES", "TRANSMIT_PERMITTED")
_OPTICAL_DATA = ("OPTICAL_FRESH", "OPTICAL_FOCAL_PLANE", "OPTICAL_FOCUS", "TIME_SET", "RECORDER_READY", "MEMORY_BUDGET")
_OPTICAL_IMAGE = _OPTICAL_DATA + ("SUN_ANGLE", "ATTITUDE_RATE", "DOOR_OPEN", "IMAGING_BUDGET")
ENTRY = {
    "SAR": {
        "INIT": ("BUS_VOLTAGE", "TRANSMIT_INHIBITED"),
        "STANDBY": ("SAR_FRESH",),
        "PREOP": ("SAR_OSCILLATOR", "SAR_TRM_TEMPERATURE"),
        "take": _SAR_TAKE,
        "RX_ONLY": _SAR_TAKE[: -len(_TRANSMIT_ITEMS)] + ("TRANSMIT_INHIBITED",),
    },
    "OPTICAL": {
        "STANDBY": ("BUS_VOLTAGE",),
        "THERMAL_STABILISATION": ("OPTICAL_FRESH",),
        "READY": ("OPTICAL_FRESH", "OPTICAL_FOCAL_PLANE", "OPTICAL_FOCUS", "DOOR_TESTED"),
        "take": _OPTICAL_IMAGE + ("IMAGE_GEOMETRY",),
        "VIDEO": _OPTICAL_IMAGE,  # it stares: nothing smears
        "DARK": _OPTICAL_DATA + ("DOOR_SHUT", "ECLIPSE"),
        "LAMP": _OPTICAL_DATA + ("DOOR_SHUT",),
        "SUN": _OPTICAL_DATA + ("DOOR_DIFFUSER",),
        "DECONTAMINATION": ("OPTICAL_FRESH", "DOOR_SHUT", "OPTICAL_FOCAL_PLANE_OFF"),
    },
}

# STANDBY is also entered from READY and THERMAL_STABILISATION, downward, whatever the bus voltage is.
ONLY_FROM = {("OPTICAL", "STANDBY", "BUS_VOLTAGE"): "OFF"}

# Modes and where they may be left to by command, as payload.md has it ("take": any mode of that kind).
COMMANDED = {
    "SAR": {
        "OFF": ("INIT",),
        "INIT": ("STANDBY", "OFF"),
        "STANDBY": ("PREOP", "OFF"),
        "PREOP": ("STANDBY", "take", "OFF"),
        "take": ("PREOP",),
        "SAFE": ("OFF", "STANDBY"),
        "SAFE_UNPOWERED": ("OFF",),
    },
    "OPTICAL": {
        "OFF": ("STANDBY",),
        "STANDBY": ("THERMAL_STABILISATION", "DECONTAMINATION", "OFF"),
        "DECONTAMINATION": ("STANDBY", "OFF"),
        "THERMAL_STABILISATION": ("READY", "STANDBY", "OFF"),
        "READY": ("take", "STANDBY", "OFF"),
        "take": ("READY",),
        "SAFE": ("OFF", "STANDBY"),
        "SAFE_UNPOWERED": ("OFF",),
    },
}

# What supplies an instrument.
LIMITERS = {
    "SAR": (enums.LIMITER_SAR_UNIT,),
    "OPTICAL": (enums.LIMITER_OPTICAL_UNIT, enums.LIMITER_OPTICAL_HEATER, enums.LIMITER_DOOR),
}

# Where data takes begin, and what they are.
DATA_MODES = {
    "SAR": (enums.SAR_MODE_PREOP,) + tuple([mode for mode, _, kind in modes.SAR_MODES if kind == 2]),
    "OPTICAL": (enums.OPTICAL_MODE_READY,)
    + tuple(
        [mode for mode, _, kind in modes.OPTICAL_MODES if kind == 2 and mode != enums.OPTICAL_MODE_DECONTAMINATION]
    ),
}

# Longest that a condition may stand before the machine has reacted, in cycles.
REACTION_CYCLES = {
    "unit failed": 8,
    "supply lost": 14,
    "unit silent": 14,
    "limit broken": 6,
    "alarm raised": 14,
    # Of a unit that nobody asks for samples.
    "supply on": 14,
}

# Samples that a data take waits for, or what a unit takes to be found lost, before it looks at the track again.
ZONE_CYCLES = 12

# Samples that make a trip, and one cycle for the last of them.
TRIP_CYCLES = 4

# What a unit takes to be found lost, and what was read from it to be forgotten.
LOST_CYCLES = 12

# "60 s" of a data take is where transmit time trips; the C guard and its timer hold it by themselves.
LONGEST_TRANSMISSION_MS = 60000
TIMER_MS = 200

# The cycle that sees the alarm, and the one after.
ALARM_CYCLES = 2

# Samples of a trip limit, the cycles of a safing's first steps, and what a lost unit takes to be noticed.
DOOR_CYCLES = 16

IN_REFUSE = (
    "ABORT",
    "HARD_OFF",
    "ARM_SAFE_EXIT",
    "SAFE_EXIT",
    "SAR_INHIBIT_TRANSMIT",
    "PLATFORM_SAFE",
    "LEAVE_SAFE_BOOT",
    "CLEAR_FAULT_HISTORY",
)
ONE_AT_A_TIME = ("SET_MODE", "START", "MOVE_DOOR")

# All that a safe boot has an ear for.
IN_SAFE_BOOT = (
    "ABORT",
    "HARD_OFF",
    "ARM_SAFE_EXIT",
    "SAFE_EXIT",
    "PLATFORM_SAFE",
    "LEAVE_SAFE_BOOT",
    "CLEAR_FAULT_HISTORY",
)
