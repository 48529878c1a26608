"""What the ground sends: telecommands, acquisition tables and image settings that are legal."""

import hal

from payload.tables import enums, mission, telecommands

CUC_OCTETS = 7
_START_LEAD_MS = mission.INSTRUMENTS_START_LEAD_MS + mission.EXECUTIVE_CYCLE_MS
_APPLICATION_DATA = 11
_TASK_ID = 77
_PRIORITY = 10

# The acquisition table of the worked case, without its mode; SPOTLIGHT and TOPS sweep the beam, TOPS in three
# sub-swaths.
_NO_SUB_SWATH = (0,) * 13
_SUB_SWATH = (17, 7, 480, 8160, 1314, 2249, 4488, 140969, 144143, 130211, 1, 10, 600)
_WORKED = (6, 17, 4, 5, 6, 512, 150, -8, 8160, 1314, 2249, 4488, 140969, 144143, 130211, 10000)
_SWEEPS = {
    enums.SAR_MODE_SPOTLIGHT: (1, -1, 100, 0) + _NO_SUB_SWATH * 2,
    enums.SAR_MODE_TOPS: (3, 1, 10, 600) + _SUB_SWATH * 2,
}
_NO_SWEEP = (1, 0, 0, 0) + _NO_SUB_SWATH * 2
_AZIMUTH_BEAM = 6

_LINE_PERIOD_NS = 100
_STAGES, _GAIN, _BANDS, _COMPRESSION = 32, 2, 31, 40
_INTEGRATION = 680
_IMAGE_MS = 1000
_CALIBRATION_MS = mission.OPTICAL_CALIBRATION_SHORTEST_MS
_PITCH = 1000
_ROLL_STEP = 500
# Roll, pitch, strips, interval, roll step.
_TWO_STRIPS_MS = _IMAGE_MS + mission.OPTICAL_SHORTEST_TURN_MS
_LOOKS = {
    enums.OPTICAL_MODE_STEREO: (0, _PITCH, 2, _TWO_STRIPS_MS, 0),
    enums.OPTICAL_MODE_AREA: (0, 0, 2, _TWO_STRIPS_MS, _ROLL_STEP),
}
_NADIR = (0, 0, 1, 0, 0)


def telecommand_table():
    """(service, subservice, arguments) by name."""
    return {
        name: (service, subservice, arguments) for service, subservice, name, _, arguments in telecommands.TELECOMMANDS
    }


def encode(telecommand, values, packet):
    """A telecommand packet; its octets are returned."""
    service, subservice, arguments = telecommand
    offset = _APPLICATION_DATA
    for index in range(len(arguments)):
        if arguments[index][0] == hal.CUC:
            hal.copy(values[index], 0, packet, offset, CUC_OCTETS)
            offset += CUC_OCTETS
        else:
            offset = hal.put(arguments[index][0], values[index], packet, offset)
    length = offset + 2 - 7
    packet[0] = 0x18
    packet[1] = 1
    packet[2] = 0xC0
    packet[3] = 0
    packet[4] = length >> 8
    packet[5] = length & 0xFF
    packet[6] = 0x2F
    packet[7] = service
    packet[8] = subservice
    packet[9] = 0
    packet[10] = 1
    hal.put(hal.U16, hal.crc16(packet, 0, offset), packet, offset)
    return offset + 2


def worked_table(mode, azimuth_beam=512):
    """Arguments of SAR_LOAD_TABLE without the slot."""
    values = [mode] + list(_WORKED + _SWEEPS.get(mode, _NO_SWEEP))
    values[_AZIMUTH_BEAM] = azimuth_beam
    return values


def start():
    """Of a data take: not long from now."""
    cuc = bytearray(CUC_OCTETS)
    hal.time_after_ms(_START_LEAD_MS, cuc, 0)
    return cuc


def data_take():
    """Arguments of SAR_START_DATA_TAKE."""
    return (_TASK_ID, 0, _PRIORITY, start())


def line_period(mode):
    """That of the geometry, from the ancillary data of now: the ground knows the orbit, also when they stop."""
    look = _LOOKS.get(mode, _NADIR)
    return (hal.line_period_ns(look[0], look[1]) + _LINE_PERIOD_NS // 2) // _LINE_PERIOD_NS


def image(mode, line_period):
    """Arguments of OPTICAL_START_IMAGE."""
    look = _LOOKS.get(mode, _NADIR)
    # Of a mode that is none of images, legal for what else it might be taken for.
    duration_ms = _CALIBRATION_MS if mode == enums.OPTICAL_MODE_STANDBY else _IMAGE_MS
    return (_TASK_ID, mode, _PRIORITY, start()) + look + _settings(line_period, duration_ms)


def calibration(mode):
    """Arguments of OPTICAL_START_CALIBRATION."""
    return (_TASK_ID, mode, _PRIORITY, start()) + _settings(_INTEGRATION, _CALIBRATION_MS)


def _settings(line_period, duration_ms):
    return (line_period, _INTEGRATION, _STAGES, _GAIN, _BANDS, _COMPRESSION, duration_ms)
