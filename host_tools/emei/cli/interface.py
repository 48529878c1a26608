"""Subcommand interface: write the interface document from the dictionary."""

from pathlib import Path

import click

from emei.cli.common import dictionary_of
from emei.dictionary.interface import interface_document


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/interface.md"),
    show_default=True,
    help="File to write; - for standard output.",
)
@click.pass_context
def interface(context: click.Context, out: Path) -> None:
    """Write the interface document: every packet, code, limit and register of the dictionary."""
    text = interface_document(dictionary_of(context))
    if str(out) == "-":
        click.echo(text, nl=False)
        return
    if not (out.is_file() and out.read_text(encoding="utf-8") == text):
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
