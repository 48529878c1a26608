"""A report that cannot say what it is to say is not built."""

import hal

import runner
from payload.tables import housekeeping, reports
from payload.tmtc.queue import RESPONSE
from payload.tmtc.reports import EncodingError
from reports import Reports, kinds

MASK_BITS = 32


def _raises(call, *arguments):
    try:
        call(*arguments)
    except EncodingError:
        return
    raise AssertionError("no EncodingError")


def test_a_value_that_does_not_fit_its_field_is_not_reported():
    hal.init(0x0E00, True)
    writer = Reports().writer
    writer.begin(*reports.CONNECTION_REPORT)
    writer.field(hal.U8, 255)
    _raises(writer.field, hal.U8, 256)
    _raises(writer.field, hal.U16, -1)


def test_more_parameters_than_the_mask_has_bits_are_not_reported():
    hal.init(0x0E00, True)
    reports_seen = Reports()
    writer = reports_seen.writer
    indices = housekeeping.STRUCTURES[0][3][:2]
    writer.begin(*reports.HOUSEKEEPING)
    _raises(writer.pool, indices * (MASK_BITS + 1))
    writer.begin(*reports.HOUSEKEEPING)
    writer.pool(indices * MASK_BITS)
    writer.end(RESPONSE)
    assert kinds(reports_seen.take()) == [(3, 25)]


runner.run(globals())
