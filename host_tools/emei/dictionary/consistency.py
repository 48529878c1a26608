"""Check parsed content: against the schema first, then names, references, ranges and sizes."""

from emei.dictionary.check_machines import MachineChecks
from emei.dictionary.check_packets import PacketChecks
from emei.dictionary.check_science import ScienceChecks
from emei.dictionary.check_storage import StorageChecks
from emei.dictionary.check_units import UnitChecks
from emei.dictionary.check_zones import ZoneChecks
from emei.dictionary.schema import schema_problems
from emei.dictionary.source import Content


def check_content(content: Content, schema: Content) -> list[str]:
    """One sentence a problem, naming file, entry, value and what is allowed. Empty when all is well."""
    problems = schema_problems(content, schema)
    if problems:
        return problems
    areas = (PacketChecks, UnitChecks, MachineChecks, ZoneChecks, StorageChecks, ScienceChecks)
    return [problem for checks in areas for problem in checks(content).problems()]
