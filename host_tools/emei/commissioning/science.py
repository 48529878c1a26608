"""The science data of a step: its data takes brought down, kept beside the record, drawn, and measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emei.commissioning.campaign import TASK, Measurement, Step, within
from emei.commissioning.playback import Station, bring_down
from emei.commissioning.record import Measured
from emei.dictionary import Dictionary
from emei.files import write_whole
from emei.science import optical_acceptance, sar_acceptance
from emei.science.comparison import differences
from emei.science.errors import ScienceError
from emei.science.measures import MEASURES, Look
from emei.science.quicklook import SarQuicklook, quicklook
from emei.science.sar_measures import SAR_MEASURES_OF_SEVERAL
from emei.session import EventReport, NotSeen, Session


@dataclass
class StepScience:
    """Looks by task; `pictures` are captions by file name; `problems` sentences about what is damaged or missing."""

    looks: dict[int, Look] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def receive(
    session: Session,
    station: Station,
    step: Step,
    events: Sequence[EventReport],
    directory: Path,
    prefix: str,
    told: Callable[[str], None],
) -> StepScience:
    """Bring down what the step's measurements look at. SessionError, CommandError when it does not come."""
    entries = {
        int(str(event.fields["task_id"])): int(str(event.fields["entry_id"]))
        for event in events
        if event.name == "DATA_TAKE_CLOSED"
    }
    tasks = step.science_tasks
    for task in tasks:
        if task not in entries:
            raise NotSeen(f"No entry of task {task} was closed: there are no science data to bring down.")
    paths = {entries[task]: directory / f"{prefix}-task-{task}.ccsds" for task in tasks}

    def keep(entry_id: int, octets: bytes) -> None:
        # What is deleted on board afterwards is nowhere else.
        write_whole(paths[entry_id], octets)

    octets, problems = bring_down(session, station, list(paths), keep, told)
    found = StepScience(problems=problems)
    alone = step.takes_measured_alone
    for task in tasks:
        found.files.append(paths[entries[task]].name)
        _look(found, octets[entries[task]], step, task, session.dictionary)
        if task in alone:
            _draw(found, task, paths[entries[task]].with_suffix(""))
    _draw_pattern(found, step, session.dictionary, directory / f"{prefix}-pattern.png")
    return found


def measure(
    measurement: Measurement, looks: Mapping[int, Look], step: Step, dictionary: Dictionary
) -> tuple[Measured, str]:
    """The measurement, and the sentence for why there is no value; empty when there is one."""
    of = MEASURES[measurement.of]
    tasks = [measurement.task_id] if measurement.task_id is not None else step.science_tasks
    value, why = None, ""
    try:
        value = of.of([looks[task] for task in tasks if task in looks], dictionary)
    except ScienceError as error:
        why = str(error)
    good = value is not None and within(value, measurement.minimum, measurement.maximum)
    limits = (measurement.minimum, measurement.maximum)
    return Measured(measurement.name, value, measurement.unit, *limits, good), why


def as_commanded(look: Look, step: Step, task: int, dictionary: Dictionary) -> list[str]:
    """Sentences for the settings that are not those which the step sends for the task's data take."""
    if isinstance(look, SarQuicklook):
        return _as_table(look, step, task, dictionary)
    for send in step.sends():
        if send.name in optical_acceptance.TELECOMMANDS and send.arguments.get(TASK) == task:
            request = optical_acceptance.request_of(send.name, send.arguments, dictionary)
            return differences(optical_acceptance.settings(look, request, dictionary))
    return []


def _as_table(look: SarQuicklook, step: Step, task: int, dictionary: Dictionary) -> list[str]:
    tables: dict[object, Mapping[str, object]] = {}
    for send in step.sends():
        if send.name == "SAR_LOAD_TABLE":
            tables[send.arguments["slot"]] = send.arguments
        elif send.arguments.get(TASK) == task and send.arguments["slot"] in tables:
            table = sar_acceptance.table_of(tables[send.arguments["slot"]], dictionary)
            return differences(sar_acceptance.settings(look, table, dictionary))
    return []


def _look(found: StepScience, octets: bytes, step: Step, task: int, dictionary: Dictionary) -> None:
    try:
        look = quicklook(octets, dictionary)
    except ScienceError as error:
        found.problems.append(f"Task {task}: {error}")
        return
    found.looks[task] = look
    differing = as_commanded(look, step, task, dictionary)
    found.problems += [f"Task {task}: {problem}" for problem in (*look.problems, *differing)]


def _draw(found: StepScience, task: int, path: Path) -> None:
    if task not in found.looks:
        return
    look = found.looks[task]
    caption = "; ".join(f"{name}: {value}" for name, value in look.facts())
    for name, png in look.pictures().items():
        picture = path.with_name(f"{path.name}.{name}.png")
        picture.write_bytes(png)
        found.pictures[picture.name] = caption


def _draw_pattern(found: StepScience, step: Step, dictionary: Dictionary, path: Path) -> None:
    """The antenna pattern, where the step measures one and its data show one."""
    if not any(item.of in SAR_MEASURES_OF_SEVERAL for item in step.measurements):
        return
    # Matplotlib is slow to load and only needed here.
    from emei.science.sar_pattern_picture import pattern_picture

    looks = [look for look in found.looks.values() if isinstance(look, SarQuicklook)]
    try:
        png, caption = pattern_picture(looks, dictionary)
    except ScienceError:
        return  # the measurements say why
    path.write_bytes(png)
    found.pictures[path.name] = caption
