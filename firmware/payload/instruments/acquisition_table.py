"""SAR acquisition tables: slots with CRC, and the validity rules in integer arithmetic on codes.

Times are codes, round(t x Fref). Where a rule compares codes that were rounded apart from each
other, one code of difference is allowed: that is the one rounding rule.
"""

import hal
from micropython import const

from payload.failure import Refusal
from payload.tables import enums, failures, mission, units

_SLOTS = const(8)
_ROUNDING_CODES = const(1)
_CRC_OCTETS = const(2)

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


def _samples(swl_code, rate_khz):
    """Complex samples of one window of SWL codes."""
    return swl_code * rate_khz * 1000000 // mission.SAR_REFERENCE_FREQUENCY_MILLIHZ


def packet_octets(swl_code, rate_khz, bits):
    """Octets of one echo source packet: headers, then I and Q of every sample."""
    return _PACKET_HEADER_OCTETS + (_samples(swl_code, rate_khz) * 2 * bits + 7) // 8


def check(block):
    """Check every validity rule in the dictionary's order.

    Returns (0, 0) for a valid table, else (rule, margin): how far, in the rule's own unit (codes,
    kHz or octets), the table is beyond the rule; always negative.
    """
    mode = block[units.ACQUISITION_TABLE_MODE]
    pri = hal.get(hal.U16, block, units.ACQUISITION_TABLE_PRI_CODE)
    pulse = hal.get(hal.U16, block, units.ACQUISITION_TABLE_PULSE_CODE)
    swst = hal.get(hal.U16, block, units.ACQUISITION_TABLE_SWST_CODE)
    swl = hal.get(hal.U16, block, units.ACQUISITION_TABLE_SWL_CODE)
    rank = block[units.ACQUISITION_TABLE_RANK]
    near = hal.get(hal.U32, block, units.ACQUISITION_TABLE_NEAR_DELAY_CODE)
    far = hal.get(hal.U32, block, units.ACQUISITION_TABLE_FAR_DELAY_CODE)
    nadir = hal.get(hal.U32, block, units.ACQUISITION_TABLE_NADIR_DELAY_CODE)
    bandwidth_mhz = hal.get(hal.U16, block, units.ACQUISITION_TABLE_BANDWIDTH_MHZ)
    rate_khz = mission.SAR_SAMPLING_RATE_KHZ[block[units.ACQUISITION_TABLE_SAMPLING_RATE]]
    bits = _BITS[block[units.ACQUISITION_TABLE_BAQ]]
    guard = mission.SAR_GUARD_TIME_CODE

    if mode not in _TRANSMITTING and mode != enums.SAR_MODE_RX_ONLY:
        return enums.RULE_MODE, -1
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
    margin = _nadir_margin(nadir % pri, pulse, swst, swl, pri)
    if margin < 0:
        return enums.RULE_NADIR, margin
    margin = rate_khz - bandwidth_mhz * 1100
    if margin < 0:
        return enums.RULE_SAMPLING_RATE, margin
    # |ramp| = bandwidth / pulse <= limit, cross-multiplied; the margin in codes of pulse length.
    ramp_limit = mission.SAR_RAMP_RATE_LIMIT_MHZ_PER_US * 1000000000
    shortest = -(-bandwidth_mhz * mission.SAR_REFERENCE_FREQUENCY_MILLIHZ // ramp_limit)
    margin = pulse - shortest
    if margin < 0:
        return enums.RULE_RAMP_RATE, margin
    margin = mission.SAR_LARGEST_SCIENCE_PACKET_OCTETS - packet_octets(swl, rate_khz, bits)
    if margin < 0 or _samples(swl, rate_khz) > _LARGEST_SAMPLE_COUNT:
        return enums.RULE_PACKET_SIZE, min(margin, -1)
    return 0, 0


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
        self._slots = tuple([bytearray(units.SAR_TABLE_OCTETS) for _ in range(_SLOTS)])
        self._used = bytearray(_SLOTS)
        self._scratch = bytearray(units.SAR_TABLE_OCTETS)

    def load(self, slot, values):
        """Encode, check and store a table. Raises Refusal naming the rule and the margin."""
        scratch = self._scratch
        offset = 0
        for index in range(len(units.ACQUISITION_TABLE_TYPES)):
            offset = hal.put(units.ACQUISITION_TABLE_TYPES[index], values[index], scratch, offset)
            if offset < 0:
                raise Refusal(failures.ARGUMENT_OUT_OF_RANGE, index + 2, values[index])
        rule, margin = check(scratch)
        if rule:
            raise Refusal(failures.TABLE_RULE, rule, margin)
        hal.put(hal.U16, hal.crc16(scratch, 0, offset), scratch, offset)
        hal.copy(scratch, 0, self._slots[slot], 0, len(scratch))
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
        """Memory of a data take with this table: 2 x bits x rate x SWL x PRF and headers, times the duration."""
        block = self.block(slot)
        pri = hal.get(hal.U16, block, units.ACQUISITION_TABLE_PRI_CODE)
        octets = packet_octets(
            hal.get(hal.U16, block, units.ACQUISITION_TABLE_SWL_CODE),
            mission.SAR_SAMPLING_RATE_KHZ[block[units.ACQUISITION_TABLE_SAMPLING_RATE]],
            _BITS[block[units.ACQUISITION_TABLE_BAQ]],
        )
        pulses = self.duration_ms(slot) * mission.SAR_REFERENCE_FREQUENCY_MILLIHZ // 1000000 // pri
        return (octets * pulses >> 20) + 1
