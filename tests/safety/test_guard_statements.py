"""Every guard statement of the firmware has a weakening that is found, and a test that is named finds it."""

from dataclasses import replace

from tests.safety.guard_statements import PAYLOAD, GuardStatement, guard_statements, guarded_files, not_weakened
from tests.safety.tested_weakenings import NOT_GUARDS, TESTED
from tests.safety.weakened_firmware import BROKE, FAILED, NOT_RUN, PASSED, TestedWeakening, verdict
from tests.safety.weakenings import CODE, Weakening, weakened

WEAKENINGS: list[Weakening | TestedWeakening] = [*CODE, *TESTED]
TEXTS = {file: (PAYLOAD / file).read_text() for file in guarded_files()}
STATEMENTS = [statement for file, text in TEXTS.items() for statement in guard_statements(file, text)]

SOURCE = """
class Driver:
    def require(self, request):
        if request.late or not (request.well and self.power()):
            raise Refusal(1)
        if request.empty:
            return failures.EMPTY, 2

    def run(self):
        self._require_well()
        if self.lost() and not self.busy:
            self.machine.safe(3)
        elif self.hot:
            hal.guard_inhibit()
            self.stop()
        raise Failure(4)
"""


def _place(statement: GuardStatement) -> tuple[str, str, str]:
    return statement.file, statement.function, statement.text


def test_every_guard_statement_has_a_weakening() -> None:
    edits = [(weakening.file, weakening.old, weakening.new) for weakening in WEAKENINGS if weakening.file in TEXTS]
    missing = [place for place in not_weakened(STATEMENTS, edits, TEXTS) if _place(place) not in NOT_GUARDS]
    told = "\n".join(f"  {place.file}:{place.line} {place.function}: {place.text}" for place in missing)
    assert not missing, (
        f"No weakening removes these guards alone:\n{told}\nAdd each to tests/safety/*_weakenings.py with a test that "
        "fails without it, or to NOT_GUARDS of tests/safety/tested_weakenings.py with the reason why it guards nothing."
    )


def test_what_is_left_out_is_there_and_was_not_weakened_after_all() -> None:
    assert set(NOT_GUARDS) <= {_place(statement) for statement in STATEMENTS}


def test_each_kind_of_guard_statement_is_seen() -> None:
    seen = [(statement.function, statement.text) for statement in guard_statements("driver.py", SOURCE)]
    assert seen == [
        ("Driver.require", "request.late"),
        ("Driver.require", "request.well"),
        ("Driver.require", "self.power()"),
        ("Driver.require", "request.empty"),
        ("Driver.run", "self._require_well()"),
        ("Driver.run", "raise Failure(4)"),
        ("Driver.run", "self.lost() and not self.busy"),
        ("Driver.run", "self.hot"),
    ]


def test_an_alternative_is_weakened_alone() -> None:
    statements = guard_statements("driver.py", SOURCE)[:3]

    def left(old: str, new: str) -> list[str]:
        return [guard.text for guard in not_weakened(statements, [("driver.py", old, new)], {"driver.py": SOURCE})]

    assert left("request.late or ", "") == ["request.well", "self.power()"]
    assert left(" and self.power()", "") == ["request.late", "request.well"]
    assert left("request.late or not (request.well and self.power())", "False") == [guard.text for guard in statements]


def test_every_place_that_is_weakened_is_there_and_every_name_is_one() -> None:
    names = [weakening.name for weakening in WEAKENINGS]
    assert len(set(names)) == len(names)
    for weakening in WEAKENINGS:
        if isinstance(weakening, Weakening) and weakening.removed:
            continue  # a guard of the tables, which has no place in a file
        for file, old, new in weakening.edits():
            assert weakened((PAYLOAD / file).read_text(), weakening.name, file, old, new)


def test_a_weakened_guard_is_found_by_its_test_and_one_that_is_as_it_was_is_not() -> None:
    weakening = next(item for item in TESTED if item.name == "a lost power unit is not seen")
    assert verdict(weakening) == FAILED
    assert verdict(replace(weakening, new=weakening.old)) == PASSED


def test_a_firmware_that_breaks_is_no_weakening_that_is_found() -> None:
    weakening = next(item for item in TESTED if item.name == "a lost power unit is not seen")
    assert verdict(replace(weakening, new=" or power_gone")) == BROKE
    assert verdict(replace(weakening, new=" or (")) == NOT_RUN
