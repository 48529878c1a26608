"""The benchmark: the same figures twice, each within its limit, and a limit that is exceeded is told."""

import json
from pathlib import Path

import pytest

from hil import benchmark
from hil.benchmark import Figure


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return benchmark.measure(tmp_path_factory.mktemp("first"))


@pytest.mark.parametrize("figure", benchmark.read_figures(), ids=lambda figure: figure.name)
def test_figure_is_measured_and_within_its_limit(figure: Figure, values: dict[str, int]) -> None:
    value = values[figure.name]
    assert value > 0
    assert not figure.exceeded(value), f"{figure.name} is {figure.shown(value)} {figure.shown_unit}"


def test_two_runs_give_the_same_figures(values: dict[str, int], tmp_path: Path) -> None:
    assert benchmark.measure(tmp_path) == values


def _main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, values: dict[str, int], *more: str
) -> tuple[int, Path]:
    """Run the command with one figure of the given limit, the run itself replaced by its values."""
    limits = tmp_path / "limits.toml"
    limits.write_text(f'[[figure]]\nname = "ping"\nunit = "instruction"\nlimit = {limit}\nhelp = ""\n')
    monkeypatch.setattr(benchmark, "measure", lambda directory: values)
    out = tmp_path / "bench.json"
    return benchmark.main(["--limits", str(limits), "--out", str(out), *more]), out


def test_a_value_at_its_limit_is_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = _main(tmp_path, monkeypatch, 1500, {"ping": 1500}, "--json")
    printed = capsys.readouterr()
    assert status == 0 and not printed.err
    assert json.loads(printed.out) == json.loads(out.read_text())
    assert json.loads(printed.out)["ping"] == {"value": 1500, "unit": "instruction", "limit": 1500, "within": True}


def test_a_value_beyond_its_limit_ends_with_1_and_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = _main(tmp_path, monkeypatch, 1500, {"ping": 1501})
    printed = capsys.readouterr()
    assert status == 1
    assert printed.err == "ping is 1.5 k instr.: at most 1.5 is allowed.\n"
    assert "ping" in printed.out
    assert not json.loads(out.read_text())["ping"]["within"]


@pytest.mark.parametrize(
    "wrong", [{"clock_counted_instructions": 1_000_081}, {"clock_counted_instructions": 999_999}, {"clock_us": 2000}]
)
def test_figures_of_a_wrong_clock_are_refused(
    wrong: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = {"clock_executed_instructions": 1_000_000, "clock_counted_instructions": 1_000_000, "clock_us": 1000}
    lines = [f"{name} {value}" for name, value in (clock | wrong).items()]
    monkeypatch.setattr(benchmark, "run_script", lambda script, directory: lines)
    assert benchmark.main(["--out", str(tmp_path / "bench.json")]) == 2
    assert "is right" in capsys.readouterr().err


def test_a_script_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(benchmark.BenchError, match="no module named 'nonsense'"):
        benchmark.run_script("nonsense", tmp_path)
