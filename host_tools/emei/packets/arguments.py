"""Arguments of a telecommand: what a person writes becomes raw values, or is refused with what is allowed."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from emei.dictionary import Argument, Telecommand
from emei.dictionary.errors import did_you_mean, instead_of
from emei.packets.errors import ArgumentError
from emei.packets.headers import FINE_PER_SECOND
from emei.planning.time_scales import gps_seconds

Raw = int | list[int]


def raw_arguments(telecommand: Telecommand, given: Mapping[str, object]) -> dict[str, Raw]:
    """Raw value of every argument; defaults fill what is not given. ArgumentError names every problem.

    A value is physical in the argument's unit, as number or text; an enumeration's name or value; a list
    (or comma-separated text) for a list; GPS seconds or ISO 8601 UTC (text or datetime) for a time.
    """
    names = [argument.name for argument in telecommand.arguments]
    problems = [_unknown(telecommand, name, names) for name in given if name not in names]
    raw: dict[str, Raw] = {}
    for argument in telecommand.arguments:
        try:
            raw[argument.name] = _argument(argument, given)
        except ArgumentError as error:
            problems += [f"{telecommand.name}: {problem}" for problem in error.problems]
    if problems:
        raise ArgumentError(*problems)
    return raw


def as_commanded(argument: Argument, value: object) -> float:
    """The physical value an argument carries when `value` is commanded, by its resolution. ArgumentError."""
    return float(argument.to_physical(_scalar(argument, value)))


def allowed(argument: Argument) -> str:
    """What an argument may be, in words: "20 to 150 MHz", "one of SHUT (0), OPEN (1)"."""
    if argument.type.name == "cuc":
        text = "GPS seconds or an ISO 8601 UTC time"
    elif argument.enumeration:
        members = argument.enumeration.members.items()
        text = "one of " + ", ".join(f"{name} ({value})" for name, value in members)
    else:
        low, high = (argument.to_physical(raw) for raw in (argument.raw_minimum, argument.raw_maximum))
        text = f"{low:.12g} to {high:.12g}" + (f" {argument.unit}" if argument.unit else "")
    return f"a list of 1 to {argument.list_max}, each {text}" if argument.list_max else text


def _unknown(telecommand: Telecommand, name: str, names: list[str]) -> str:
    if not names:
        return f"{telecommand.name} has no argument {name}; it has none at all."
    return f"{telecommand.name} has no argument {name}{instead_of(name, names)}"


def _argument(argument: Argument, given: Mapping[str, object]) -> Raw:
    if argument.name not in given:
        if argument.default is None:
            raise ArgumentError(f"{argument.name} must be given: {allowed(argument)}.")
        return _scalar(argument, argument.default)
    value = given[argument.name]
    if not argument.list_max:
        return _scalar(argument, value)
    items = _items(value)
    if not 1 <= len(items) <= argument.list_max:
        raise ArgumentError(f"{argument.name} has {len(items)} values; {allowed(argument)} is allowed.")
    return [_scalar(argument, item) for item in items]


def _items(value: object) -> list[object]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    return list(value) if isinstance(value, Iterable) else [value]


def _scalar(argument: Argument, value: object) -> int:
    if argument.type.name == "cuc":
        return _time(argument, value)
    if argument.enumeration:
        return _member(argument, value)
    number = _number(value)
    if number is None or not argument.raw_minimum * argument.scale <= number <= argument.raw_maximum * argument.scale:
        raise _refused(argument, value)
    if argument.scale == 1 and number != number.to_integral_value():
        raise ArgumentError(f"{argument.name} is {value}; a whole number, {allowed(argument)}, is allowed.")
    return argument.to_raw(number)


def _member(argument: Argument, value: object) -> int:
    assert argument.enumeration is not None
    members = argument.enumeration.members
    if isinstance(value, str) and value.upper() in members:
        return members[value.upper()]
    number = _number(value)
    if number is not None and number in argument.enumeration.names:
        return int(number)
    near = did_you_mean(value, members) if isinstance(value, str) else "."
    raise ArgumentError(f"{argument.name} is {value}; {allowed(argument)} is allowed{near}")


def _time(argument: Argument, value: object) -> int:
    """Raw value of a time: GPS seconds x 2^24."""
    number = _number(value)
    if number is not None and isinstance(value, float):
        # Its shortest digits are another 2^-24 s than it is.
        number = Decimal(value)
    if number is None:
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            number = Decimal(str(gps_seconds(utc)))
        except ValueError as error:
            raise _refused(argument, value) from error
    if not 0 <= number < 1 << 32:
        raise _refused(argument, value)
    return min(round(number * FINE_PER_SECOND), argument.raw_maximum)


def _number(value: object) -> Decimal | None:
    """An exact number from a number or text ("0x1F" too); None for anything else, infinities and NaN included."""
    if isinstance(value, bool):
        return Decimal(int(value))
    text = str(value).strip().replace("_", "") if isinstance(value, int | float | str | Decimal) else ""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        return Decimal(int(text, 16))
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _refused(argument: Argument, value: object) -> ArgumentError:
    return ArgumentError(f"{argument.name} is {value}; {allowed(argument)} is allowed.")
