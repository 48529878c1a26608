"""SAR acquisition tables: slots with CRC, and the validity rules in integer arithmetic on codes.

Times are codes, round(t x Fref). Where a rule compares codes that were rounded apart from each
other, one code of difference is allowed: that is the one rounding rule.
"""

import hal
from micropython import const

from payload.failure import Refusal
from payload.tables import enums, failures, mission, units

SLOTS = mission.SAR_TABLE_SLOTS
_ROUNDING_CODES = const(1)
_TOPS_LEAST = const(2)  # sub-swaths

# Milliseconds to codes, rounded up: a sweep is judged by the most pulses it may have.
_FREF_KHZ = -(-mission.SAR_REFERENCE_FREQUENCY_MILLIHZ // 1000000)
_CRC_OCTETS = const(2)

# Of a packet, less than a 128th: 8 bits a block of 128 pairs of samples.
_BLOCK_INDEX_SHIFT = const(7)

# A data take lasts longer than its echoes: noise before them, a calibration before and after.
AROUND_ECHOES_MS = mission.SAR_NOISE_MS + 2 * mission.SAR_CALIBRATION_MS

# Octets of a source packet before its samples: primary and secondary header.
_PACKET_HEADER_OCTETS = 6 + mission.SAR_PACKET_SECONDARY_HEADER_OCTETS

# The sample count is carried as quads (pairs of complex samples) in 16 bits.
_LARGEST_SAMPLE_COUNT = const(131070)

# Bypass transports 10 bits a sample value (Sentinel-1 instrument source packet).
_BITS = {enums.BAQ_BYPASS: 10, enums.BAQ_BAQ3: 3, enums.BAQ_BAQ4: 4, enums.BAQ_BAQ5: 5}

_TRANSMITTING = (
    enums.SAR_MODE_STRIPMAP,
    enums.SAR_MODE_SPOTLIGHT,
    enums.SAR_MODE_TOPS,
    enums.SAR_MODE_CALIBRATION,
    enums.SAR_MODE_TEST,
)
# Their pulses end within the instrument, and do not count as transmitted.
_WITHIN = (enums.SAR_MODE_CALIBRATION, enums.SAR_MODE_TEST)


# Offsets of each sub-swath's fields: PRI, pulse, SWST, SWL, rank, near, far, nadir, azimuth beam, its step, pulses a
# beam, pulses a burst.
_SUB_SWATHS = (
    (
        units.ACQUISITION_TABLE_PRI_CODE,
        units.ACQUISITION_TABLE_PULSE_CODE,
        units.ACQUISITION_TABLE_SWST_CODE,
        units.ACQUISITION_TABLE_SWL_CODE,
        units.ACQUISITION_TABLE_RANK,
        units.ACQUISITION_TABLE_NEAR_DELAY_CODE,
        units.ACQUISITION_TABLE_FAR_DELAY_CODE,
        units.ACQUISITION_TABLE_NADIR_DELAY_CODE,
        units.ACQUISITION_TABLE_AZIMUTH_BEAM,
        units.ACQUISITION_TABLE_AZIMUTH_BEAM_STEP,
        units.ACQUISITION_TABLE_PULSES_PER_BEAM,
        units.ACQUISITION_TABLE_BURST_PULSES,
    ),
    (
        units.ACQUISITION_TABLE_PRI_CODE_2,
        units.ACQUISITION_TABLE_PULSE_CODE_2,
        units.ACQUISITION_TABLE_SWST_CODE_2,
        units.ACQUISITION_TABLE_SWL_CODE_2,
        units.ACQUISITION_TABLE_RANK_2,
        units.ACQUISITION_TABLE_NEAR_DELAY_CODE_2,
        units.ACQUISITION_TABLE_FAR_DELAY_CODE_2,
        units.ACQUISITION_TABLE_NADIR_DELAY_CODE_2,
        units.ACQUISITION_TABLE_AZIMUTH_BEAM_2,
        units.ACQUISITION_TABLE_AZIMUTH_BEAM_STEP_2,
        units.ACQUISITION_TABLE_PULSES_PER_BEAM_2,
        units.ACQUISITION_TABLE_BURST_PULSES_2,
    ),
    (
        units.ACQUISITION_TABLE_PRI_CODE_3,
        units.ACQUISITION_TABLE_PULSE_CODE_3,
        units.ACQUISITION_TABLE_SWST_CODE_3,
        units.ACQUISITION_TABLE_SWL_CODE_3,
        units.ACQUISITION_TABLE_RANK_3,
        units.ACQUISITION_TABLE_NEAR_DELAY_CODE_3,
        units.ACQUISITION_TABLE_FAR_DELAY_CODE_3,
        units.ACQUISITION_TABLE_NADIR_DELAY_CODE_3,
        units.ACQUISITION_TABLE_AZIMUTH_BEAM_3,
        units.ACQUISITION_TABLE_AZIMUTH_BEAM_STEP_3,
        units.ACQUISITION_TABLE_PULSES_PER_BEAM_3,
        units.ACQUISITION_TABLE_BURST_PULSES_3,
    ),
)

# Where the fields of sub-swaths 2 and 3 begin; those of one follow each other.
_FIRST_OF_SUB_SWATH = (0, units.ACQUISITION_TABLE_RANK_2, units.ACQUISITION_TABLE_RANK_3)

_FAILURES = (
    failures.TABLE_RULE_SUB_SWATH_1,
    failures.TABLE_RULE_SUB_SWATH_2,
    failures.TABLE_RULE_SUB_SWATH_3,
)


def _samples(swl_code, rate_khz):
    """Complex samples of one window of SWL codes."""
    return swl_code * rate_khz * 1000000 // mission.SAR_REFERENCE_FREQUENCY_MILLIHZ


def _pulse_octets(block, swl_code):
    """Octets of one pulse's source packets, one for each channel that receives."""
    samples = _samples(swl_code, mission.SAR_SAMPLING_RATE_KHZ[block[units.ACQUISITION_TABLE_SAMPLING_RATE]])
    octets = packet_octets(samples, _BITS[block[units.ACQUISITION_TABLE_BAQ]])
    return octets * mission.SAR_RECEIVE_CHANNELS[block[units.ACQUISITION_TABLE_POLARISATION]]


def packet_octets(samples, bits):
    """Octets of one echo source packet: headers, then I and Q of every sample."""
    return _PACKET_HEADER_OCTETS + (samples * 2 * bits + 7) // 8


def radiates(mode):
    """Do the pulses of a mode that transmits leave the antenna?"""
    return mode not in _WITHIN


def check(block):
    """Check every validity rule in the dictionary's order, of every sub-swath.

    Returns None for a valid table, else (failure code, rule, margin): how far, in the rule's own unit
    (codes, kHz, octets or beams), the table is beyond the rule; always negative.
    """
    mode = block[units.ACQUISITION_TABLE_MODE]
    count = block[units.ACQUISITION_TABLE_SUB_SWATHS]
    if mode not in _TRANSMITTING and mode != enums.SAR_MODE_RX_ONLY:
        return failures.TABLE_RULE, enums.RULE_MODE, -1
    is_tops = mode == enums.SAR_MODE_TOPS
    if (count < _TOPS_LEAST) if is_tops else count != 1:
        return failures.TABLE_RULE, enums.RULE_SUB_SWATHS, -abs(_TOPS_LEAST - count if is_tops else count - 1)
    unused = _unused_octets(block, count)
    if unused:
        return failures.TABLE_RULE, enums.RULE_SUB_SWATHS, -unused
    for index in range(count):
        rule, margin = _check_sub_swath(block, mode, _SUB_SWATHS[index])
        if rule:
            return _FAILURES[index] if is_tops else failures.TABLE_RULE, rule, margin
    return None


def _unused_octets(block, count):
    """Octets that are not 0 in the fields of sub-swaths the table does not have."""
    octets = 0
    if count < len(_SUB_SWATHS):
        for offset in range(_FIRST_OF_SUB_SWATH[count], units.ACQUISITION_TABLE_OCTETS):
            if block[offset]:
                octets += 1
    return octets


def _check_sub_swath(block, mode, at):
    pri = hal.get(hal.U16, block, at[0])
    pulse = hal.get(hal.U16, block, at[1])
    swst = hal.get(hal.U16, block, at[2])
    swl = hal.get(hal.U16, block, at[3])
    rank = block[at[4]]
    near = hal.get(hal.U32, block, at[5])
    far = hal.get(hal.U32, block, at[6])
    guard = mission.SAR_GUARD_TIME_CODE
    margin = min(pri - mission.SAR_PRI_CODE_MINIMUM, mission.SAR_PRI_CODE_MAXIMUM - pri)
    if margin < 0:
        return enums.RULE_PRF_RANGE, margin
    margin = mission.SAR_PRI_CODE_AZIMUTH_MAXIMUM - pri
    if margin < 0:
        return enums.RULE_PRF_AZIMUTH, margin
    margin = pri * mission.SAR_DUTY_LIMIT_PERCENT // 100 - pulse
    if margin < 0:
        return enums.RULE_DUTY, margin
    if near // pri != rank:
        return enums.RULE_RANK, -abs(near // pri - rank)
    margin = _ROUNDING_CODES - abs(near - rank * pri - swst)
    if margin < 0:
        return enums.RULE_WINDOW_START, margin
    margin = _ROUNDING_CODES - abs(far - near + pulse - swl)
    if margin < 0:
        return enums.RULE_WINDOW_LENGTH, margin
    margin = swst - pulse - guard
    if margin < 0:
        return enums.RULE_WINDOW_AFTER_PULSE, margin
    margin = pri - guard - swst - swl
    if margin < 0:
        return enums.RULE_WINDOW_BEFORE_NEXT_PULSE, margin
    nadir = hal.get(hal.U32, block, at[7])
    margin = _nadir_margin(nadir % pri, pulse, swst, swl, pri)
    if margin < 0:
        return enums.RULE_NADIR, margin
    bandwidth_mhz = hal.get(hal.U16, block, units.ACQUISITION_TABLE_BANDWIDTH_MHZ)
    rate_khz = mission.SAR_SAMPLING_RATE_KHZ[block[units.ACQUISITION_TABLE_SAMPLING_RATE]]
    margin = rate_khz - bandwidth_mhz * 1100
    if margin < 0:
        return enums.RULE_SAMPLING_RATE, margin
    # |ramp| = bandwidth / pulse <= limit, cross-multiplied; the margin in codes of pulse length.
    ramp_limit = mission.SAR_RAMP_RATE_LIMIT_MHZ_PER_US * 1000000000
    shortest = -(-bandwidth_mhz * mission.SAR_REFERENCE_FREQUENCY_MILLIHZ // ramp_limit)
    margin = pulse - shortest
    if margin < 0:
        return enums.RULE_RAMP_RATE, margin
    samples = _samples(swl, rate_khz)
    octets = packet_octets(samples, _BITS[block[units.ACQUISITION_TABLE_BAQ]])
    margin = mission.SAR_LARGEST_SCIENCE_PACKET_OCTETS - octets
    if margin < 0 or samples > _LARGEST_SAMPLE_COUNT:
        return enums.RULE_PACKET_SIZE, min(margin, -1)
    margin = pri * mission.SAR_DATA_RATE_OCTETS_PER_1000_CODES // 1000
    margin -= octets * mission.SAR_RECEIVE_CHANNELS[block[units.ACQUISITION_TABLE_POLARISATION]]
    if margin < 0:
        return enums.RULE_DATA_RATE, margin
    margin = _sweep_margin(block, mode, at, pri)
    if margin < 0:
        return enums.RULE_SWEEP, margin
    margin = min(pulse - mission.SAR_PULSE_CODE_MINIMUM, mission.SAR_PULSE_CODE_MAXIMUM - pulse)
    if margin < 0:
        return enums.RULE_PULSE_RANGE, margin
    shorter, longer = min(swst, swl), max(swst, swl)
    margin = min(shorter - mission.SAR_WINDOW_CODE_MINIMUM, mission.SAR_WINDOW_CODE_MAXIMUM - longer)
    if margin < 0:
        return enums.RULE_WINDOW_RANGE, margin
    margin = min(far - near - 1, near - nadir)
    if margin < 0:
        return enums.RULE_SWATH, margin
    margin = min(nadir - mission.SAR_NADIR_CODE_MINIMUM, mission.SAR_NADIR_CODE_MAXIMUM - nadir)
    if margin < 0:
        return enums.RULE_ALTITUDE, margin
    return 0, 0


def _sweep_margin(block, mode, at, pri):
    """Beams from the sweep's last beam to the end of the antenna's; below 0 also for fields of another mode."""
    step = hal.get(hal.I8, block, at[9])
    pulses_per_beam = hal.get(hal.U16, block, at[10])
    pulses = hal.get(hal.U16, block, at[11])
    if mode == enums.SAR_MODE_SPOTLIGHT:
        if pulses:
            return -1
        pulses = hal.get(hal.U32, block, units.ACQUISITION_TABLE_DURATION_MS) * _FREF_KHZ // pri + 1
    elif mode != enums.SAR_MODE_TOPS:
        return -1 if step or pulses_per_beam or pulses else 0
    if not step or not pulses_per_beam or not pulses:
        return -1
    last = hal.get(hal.U16, block, at[8]) + (pulses - 1) // pulses_per_beam * step
    return min(last, mission.SAR_AZIMUTH_BEAM_MAXIMUM - last)


def _nadir_margin(nadir, pulse, swst, swl, pri):
    """Codes between the nadir return, wrapped into the PRI, and the window; negative: overlap."""
    margin = _gap(nadir, nadir + pulse, swst, swst + swl)
    if nadir + pulse > pri:
        margin = min(margin, _gap(nadir - pri, nadir + pulse - pri, swst, swst + swl))
    return margin


def _gap(a_start, a_end, b_start, b_end):
    """Distance between two intervals; negative: length of the overlap."""
    return max(a_start, b_start) - min(a_end, b_end)


class TableSlots:
    """Slots that hold only valid tables, each with its CRC-16."""

    def __init__(self):
        self._slots = tuple([bytearray(units.SAR_TABLE_OCTETS) for _ in range(SLOTS)])
        self._used = bytearray(SLOTS)
        self._scratch = bytearray(units.SAR_TABLE_OCTETS)

    def load(self, slot, values):
        """Encode, check and store a table. Raises Refusal naming the rule and the margin."""
        scratch = self._scratch
        offset = 0
        for index in range(len(units.ACQUISITION_TABLE_TYPES)):
            offset = hal.put(units.ACQUISITION_TABLE_TYPES[index], values[index], scratch, offset)
            if offset < 0:
                raise Refusal(failures.ARGUMENT_OUT_OF_RANGE, index + 2, values[index])
        broken = check(scratch)
        if broken:
            raise Refusal(*broken)
        hal.put(hal.U16, hal.crc16(scratch, 0, offset), scratch, offset)
        self._fill(slot, scratch)

    def _fill(self, slot, table):
        """Take over a table that was checked, with its CRC."""
        hal.copy(table, 0, self._slots[slot], 0, units.SAR_TABLE_OCTETS)
        self._used[slot] = 1

    def block(self, slot):
        """The table's octets with CRC. Raises Refusal when the slot is empty or its CRC is wrong."""
        block = self._slots[slot]
        octets = len(block) - _CRC_OCTETS
        if not self._used[slot] or hal.crc16(block, 0, octets) != hal.get(hal.U16, block, octets):
            raise Refusal(failures.TABLE_EMPTY, slot)
        return block

    def mode(self, slot):
        return self.block(slot)[units.ACQUISITION_TABLE_MODE]

    def transmits(self, slot):
        return self.mode(slot) in _TRANSMITTING

    def duration_ms(self, slot):
        return hal.get(hal.U32, self.block(slot), units.ACQUISITION_TABLE_DURATION_MS)

    def predicted_mib(self, slot):
        """Memory of a data take with this table: the data rate of its busiest sub-swath, in every channel, for as long
        as it lasts with noise and calibrations, which count like echoes.
        """
        block = self.block(slot)
        most = 0
        for index in range(block[units.ACQUISITION_TABLE_SUB_SWATHS]):
            at = _SUB_SWATHS[index]
            octets = _pulse_octets(block, hal.get(hal.U16, block, at[3]))
            lasts_ms = self.duration_ms(slot) + AROUND_ECHOES_MS
            pulses = lasts_ms * mission.SAR_REFERENCE_FREQUENCY_MILLIHZ // 1000000
            most = max(most, octets * (pulses // hal.get(hal.U16, block, at[0])))
        # The indices of the BAQ's blocks come on top.
        return ((most + (most >> _BLOCK_INDEX_SHIFT)) >> 20) + 1
