"""The command group and how errors end: one sentence; status 2 for wrong usage, 1 for refused or failed."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from signal import SIGINT
from typing import Any

import click

from emei.cli.commission import commission
from emei.cli.interface import interface
from emei.cli.live import monitor, send
from emei.cli.offline import commands, pack, unpack
from emei.cli.optical import optical
from emei.cli.quicklook import quicklook
from emei.cli.recorder import recorder
from emei.cli.sar import sar
from emei.commissioning.errors import CampaignError, UnknownCampaignName
from emei.dictionary import DictionaryError, UnknownName
from emei.link import PortError
from emei.packets import ArgumentError, PacketError
from emei.session import SessionError
from emei.verification import CommandError

_WRONG_USAGE = (UnknownName, UnknownCampaignName, ArgumentError)
_REFUSED = (
    DictionaryError,
    PacketError,
    PortError,
    SessionError,
    CommandError,
    CampaignError,
)
FAILED = 1
USAGE = 2
_INTERRUPTED = 128 + SIGINT


class Sentences(click.Group):
    """Ends every error that is foreseen with its sentence on standard error."""

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]
        _say_what_the_terminal_can()
        try:
            status = super().main(args, **{**options, "standalone_mode": False})
        except click.UsageError as error:
            _say(error.format_message())
            status = USAGE
        except _WRONG_USAGE as error:
            _say(str(error))
            status = USAGE
        except click.Abort:
            _say("Interrupted.")
            status = _INTERRUPTED
        except click.ClickException as error:
            _say(error.format_message())
            status = FAILED
        except _REFUSED as error:
            _say(str(error))
            status = FAILED
        except BrokenPipeError:
            # The reader of our output has enough; Python must not flush into the broken pipe at exit.
            sys.stdout = None
            status = FAILED
        except OSError as error:
            _say(f"{error.filename or 'The operating system'}: {error.strerror}.")
            status = FAILED
        sys.exit(status if isinstance(status, int) else 0)


def _say_what_the_terminal_can() -> None:
    """A sign that its encoding does not have is a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="emei")
@click.option(
    "--dictionary",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="EMEI_DICTIONARY",
    help="Folder of the dictionary, if not the one this program came with.",
)
@click.pass_context
def main(context: click.Context, folder: Path | None) -> None:
    """Ground tools of the onboard payload computer."""
    context.obj = folder


for command in (commands, pack, unpack, send, monitor, interface, sar, recorder, optical, quicklook, commission):
    main.add_command(command)
