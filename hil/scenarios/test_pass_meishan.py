"""The pass over Meishan on each bench, and what it recorded as seen by other people's decoders."""

import json
import struct
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from space_packet_parser.generators import ccsds_generator
from spacepackets.ecss import PusTc, PusTm
from spacepackets.ecss.pus_1_verification import ManagedParams, ManagedParamsVerification, Service1Tm
from spacepackets.ecss.tc import InvalidTcCrc16Error
from spacepackets.ecss.tm import InvalidTmCrc16Error

from emei.archive import packets
from emei.dictionary import load
from emei.report.recording import StepResult
from hil.bench import Bench
from hil.demo import Flown, fly_pass
from hil.model import Edge
from hil.passes import meishan
from hil.passes.flight import Flight, Step
from hil.passes.plan import plan_pass

TIME_OCTETS = 8
SUCCESS_STAGES = {1: 1, 3: 2, 5: 4, 7: 8}
FAILURES = (2, 4, 6, 8, 10)


class Silent:
    """Nobody watches."""

    def flight_is(self, flight: Flight) -> None: ...

    def begun(self, number: int, step: Step) -> None: ...

    def ended(self, number: int, result: StepResult) -> None: ...


@dataclass(frozen=True)
class Recorded:
    flown: Flown
    directory: Path

    def octets(self, name: str) -> bytes:
        return (self.directory / name).read_bytes()

    def reports(self) -> list[bytes]:
        """Telemetry packets with a PUS header, in the order of arrival."""
        return [packet for packet in packets(self.octets("tm.ccsds")) if packet[0] >> 3 & 1]


@pytest.fixture(scope="module")
def recorded(bench: Bench) -> Recorded:
    directory = bench.directory / "pass"
    directory.mkdir(exist_ok=True)
    for item in directory.iterdir():
        item.unlink()
    flown = fly_pass(bench, directory, plan_pass(load(), bench.description.units), Silent())
    return Recorded(flown, directory)


def test_every_step_is_verified(recorded: Recorded) -> None:
    failed = [f"{step.name}: {step.evidence}" for step in recorded.flown.results if step.status == "failed"]
    assert failed == []
    assert recorded.flown.verified


def test_summary_names_each_step_its_verification_and_its_duration(recorded: Recorded, bench: Bench) -> None:
    summary = json.loads(recorded.octets("summary.json"))
    assert summary["verified"] is True
    assert summary["board"] == bench.name
    assert summary["shortened_waits_ms"] == dict(bench.shortened_waits)
    assert [step["name"] for step in summary["steps"]] == [step.name for step in meishan.steps(recorded.flown.flight)]
    for step in summary["steps"]:
        assert step["status"] == "verified" and step["verification"] and step["evidence"]
        assert step["duration_s"] >= 0


def test_spacepackets_reads_every_report_and_finds_its_crc_good(recorded: Recorded) -> None:
    reports = recorded.reports()
    assert len(reports) > 100
    for packet in reports:
        report = PusTm.unpack(packet, timestamp_len=TIME_OCTETS)  # raises on a wrong CRC
        assert report.apid == 1
        assert len(packet) == report.packet_len


def test_a_flipped_bit_is_found_by_the_same_judge(recorded: Recorded) -> None:
    damaged = bytearray(recorded.reports()[0])
    damaged[-5] ^= 1
    with pytest.raises(InvalidTmCrc16Error):
        PusTm.unpack(bytes(damaged), timestamp_len=TIME_OCTETS)


def test_space_packet_parser_reads_the_primary_headers(recorded: Recorded) -> None:
    with (recorded.directory / "tm.ccsds").open("rb") as file:
        headers = [(item.apid, len(item)) for item in ccsds_generator(file)]
    ours = [(struct.unpack(">H", item[:2])[0] & 0x7FF, len(item)) for item in packets(recorded.octets("tm.ccsds"))]
    assert headers == ours
    assert sum(length for _, length in headers) == len(recorded.octets("tm.ccsds")), "octets belong to no packet"


def test_sequence_counts_have_no_gap(recorded: Recorded) -> None:
    counts = defaultdict(list)
    for packet in packets(recorded.octets("tm.ccsds")):
        counts[packet[0] & 7, packet[1]].append(int.from_bytes(packet[2:4], "big") & 0x3FFF)
    for seen in counts.values():
        assert sorted(seen) == list(range(min(seen), min(seen) + len(seen)))


def test_every_telecommand_is_answered_in_the_right_order(recorded: Recorded) -> None:
    answers = defaultdict(list)
    for packet in recorded.reports():
        if packet[7] == 1:
            report = Service1Tm.unpack(packet, ManagedParams(TIME_OCTETS), ManagedParamsVerification(1, 2))
            answers[report.tc_req_id.pack()].append(report.pus_tm.message_subtype)
    sent = list(packets(recorded.octets("tc.ccsds")))
    assert len({packet[:4] for packet in sent}) == len(sent), "request IDs are unique"
    refused = 0
    for packet in sent:
        ack = packet[6] & 0x0F
        seen = answers.pop(packet[:4], [])
        failed = [subservice for subservice in seen if subservice in FAILURES]
        if failed:
            refused += 1
            assert seen[-1:] == failed, f"{seen}: one failure report, and nothing after it"
            seen = seen[:-1]
        asked = [subservice for subservice, flag in SUCCESS_STAGES.items() if ack & flag]
        assert seen == sorted(seen), f"{seen} is out of order"
        without_progress = [subservice for subservice in seen if subservice != 5]
        expected = [subservice for subservice in asked if subservice != 5]
        assert without_progress == (expected[: len(without_progress)] if failed else expected)
    assert refused == 6
    assert answers == {}, "reports about telecommands that were not sent"


def test_telecommands_are_what_spacepackets_would_send(recorded: Recorded) -> None:
    bad_crc = 0
    for packet in packets(recorded.octets("tc.ccsds")):
        try:
            assert PusTc.unpack(packet).apid == 1
        except InvalidTcCrc16Error:
            bad_crc += 1
    assert bad_crc == 1, "the one that was sent to be refused"


def test_the_report_stands_alone(recorded: Recorded) -> None:
    page = recorded.octets("report.html").decode()
    for loaded in ("<script", "<link", "@import", 'src="http', "url(http"):
        assert loaded not in page
    assert (
        page.count("<img") == page.count('<img src="data:image/png;base64,') == len(recorded.flown.flight.pictures) > 0
    )
    for step in recorded.flown.results:
        assert step.name in page
    assert page.count("<svg") >= 4


def test_transmit_enable_was_driven_once(recorded: Recorded, bench: Bench) -> None:
    """The board repeats the level when it withdraws a permit; what counts is when the level changes."""
    changes: list[Edge] = []
    for edge in bench.edges:
        if edge.name == "transmit-enable" and edge.on != (changes[-1].on if changes else False):
            changes.append(edge)
    assert [edge.on for edge in changes] == [True, False]
    assert 10.0 < changes[1].time_s - changes[0].time_s < 15.0
