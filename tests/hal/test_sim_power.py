"""The power unit: limiters, currents by the units' states, trips, the bus."""

from __future__ import annotations

import pytest

from tests.hal.hal_board import lib
from tests.hal.rmap_standard import UNITS
from tests.hal.sim_bench import Refused, Silent, SimBench
from tests.hal.sim_take import ready_optical, ready_sar

CONTROL = UNITS["power"].blocks["control"].address


def test_limiters_close_by_their_code_only() -> None:
    for code in (*range(lib.LIMITER_COMMAND_CLOSE), *range(lib.LIMITER_COMMAND_CLOSE + 1, 0x200), 0xA500, 0xFFFF):
        if code != lib.LIMITER_COMMAND_OPEN:
            bench = SimBench()
            with pytest.raises(Refused):
                bench.write("power", CONTROL, code.to_bytes(2, "big"))
            assert bench.get("power.limiters_closed") == 0


@pytest.mark.parametrize("name", ["SAR_UNIT", "OPTICAL_UNIT", "OPTICAL_HEATER", "DOOR"])
def test_each_limiter(name: str) -> None:
    bench = SimBench()
    bench.limiter(name, True)
    bench.limiter(name, True)
    assert bench.get("power.limiters_closed") == 1 << getattr(lib, f"LIMITER_{name}")
    assert bench.get("power.switch_ons") == 1
    bench.limiter(name, False)
    assert bench.get("power.limiters_closed") == 0


def test_current_and_voltage_follow_the_states() -> None:
    bench = ready_sar()
    voltage = bench.get("power.bus_voltage_v")
    assert bench.get("power.sar_current_ma") == pytest.approx(lib.SAR_MODE_PREOP_CURRENT_MA, rel=0.05)
    bench.command("sar", "STANDBY")
    bench.run_ms(50)
    assert bench.get("power.sar_current_ma") == pytest.approx(lib.SAR_MODE_STANDBY_CURRENT_MA, rel=0.05)
    assert bench.get("power.bus_voltage_v") > voltage
    bench.limiter("SAR_UNIT", False)
    bench.run_ms(50)
    assert bench.get("power.sar_current_ma") == 0


@pytest.mark.parametrize(
    ("fault", "limiter", "unit"),
    [("latchup_sar", "SAR_UNIT", "sar"), ("latchup_optical", "OPTICAL_UNIT", "optical")],
)
def test_over_current_trips_within_30_ms(fault: str, limiter: str, unit: str) -> None:
    bench = SimBench()
    bench.limiter(limiter, True)
    bench.run_ms(1500)
    bench.force(f"power.{fault}")
    bench.run_ms(30)
    assert bench.get("power.limiters_closed") == 0
    assert bench.get("power.limiters_tripped") == 1 << getattr(lib, f"LIMITER_{limiter}")
    with pytest.raises(Silent):
        bench.get(f"{unit}.state")
    bench.release(f"power.{fault}")
    bench.limiter(limiter, True)
    bench.run_ms(1000)
    assert bench.get("power.limiters_tripped") == 0
    assert bench.get("power.limiters_closed") == 1 << getattr(lib, f"LIMITER_{limiter}")


@pytest.mark.parametrize(("excess_a", "trips"), [(1.0, False), (2.5, True)])
def test_a_commanded_trip_current_opens_the_limiter_earlier(excess_a: float, trips: bool) -> None:
    bench = ready_sar()  # draws 6.3 A
    bench.put("power.sar_unit_trip_ma", 8000)
    bench.run_ms(100)
    bench.force("power.excess_sar_a", excess_a)
    bench.run_ms(10)
    assert bench.get("power.limiters_tripped") == 0, "20 ms at least"
    bench.run_ms(30)
    assert bench.get("power.limiters_tripped") == (1 << lib.LIMITER_SAR_UNIT if trips else 0)


def test_no_commanded_trip_current_is_the_limiters_own() -> None:
    bench = ready_sar()
    bench.put("power.sar_unit_trip_ma", 0)
    bench.force("power.excess_sar_a", 40)
    bench.run_ms(100)
    assert bench.get("power.limiters_tripped") == 0


def test_no_limiter_trips_in_a_nominal_image() -> None:
    bench = ready_optical()
    bench.limiter("DOOR", True)
    bench.run_ms(5000)
    assert bench.get("power.limiters_tripped") == 0


def test_weak_source_pulls_the_bus_down() -> None:
    bench = SimBench()
    bench.force("power.source_v", 24)
    bench.run_ms(100)
    assert bench.get("power.bus_voltage_v") < 24
    bench.release("power.source_v")
    bench.run_ms(100)
    assert bench.get("power.bus_voltage_v") > 28


def test_stuck_limiters() -> None:
    bench = SimBench()
    bench.force("power.stuck_limiters")
    bench.limiter("DOOR", True)
    assert bench.get("power.limiters_closed") == 0


def test_latching_limiters_hold_through_a_restart() -> None:
    bench = SimBench()
    bench.limiter("DOOR", True)
    bench.force("power.reset")
    assert bench.get("power.limiters_closed") == 1 << lib.LIMITER_DOOR
    assert bench.get("power.switch_ons") == 0
