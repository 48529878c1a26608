"""Subcommand quicklook: pictures and measurements from science data as the recorder holds it."""

from pathlib import Path

import click

from emei.cli.common import console, dictionary_of, json_option, print_json, table
from emei.science.errors import ScienceError
from emei.science.quicklook import Quicklook, SarPicture, SarQuicklook
from emei.science.quicklook import quicklook as look
from emei.science.sar_targets import Response

_DAMAGED = 1
_SHARED = "*"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the pictures into this folder as <file>.<picture>.png.",
)
@json_option
@click.pass_context
def quicklook(context: click.Context, files: tuple[Path, ...], out: Path | None, as_json: bool) -> None:
    """Decode science data from the recorder's files: pictures, point targets, noise of each band.

    Status 1 when a file, or a part of one, cannot be decoded; what can be is shown all the same.
    """
    if out:
        _require_own_pictures(files)
    dictionary = dictionary_of(context)
    shown, problems = [], []
    for file in files:
        try:
            found = look(file.read_bytes(), dictionary)
        except ScienceError as error:
            problems.append(f"{file}: {error}")
            continue
        except OSError as error:
            problems.append(f"{file} cannot be read: {error.strerror}.")
            continue
        problems += [f"{file}: {problem}" for problem in found.problems]
        pictures: list[Path] = []
        try:
            if out:
                _write(found, file, out, pictures)
        except OSError as error:
            problems.append(f"{error.filename or out} cannot be written: {error.strerror}.")
        shown.append({"file": str(file), **found.as_json(), "pictures": [str(path) for path in pictures]})
        if not as_json:
            _show(found, file, pictures)
    if as_json:
        print_json(shown)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        context.exit(_DAMAGED)


def _require_own_pictures(files: tuple[Path, ...]) -> None:
    """Pictures are named by their file without its suffix: no two files may share it."""
    known: dict[str, Path] = {}
    for file in files:
        other = known.setdefault(file.stem, file)
        if other is not file:
            raise click.UsageError(
                f"{other} and {file} would write the same pictures, {file.stem}.*.png: call once for each, "
                "with an --out of its own."
            )


def _write(found: Quicklook, file: Path, out: Path, written: list[Path]) -> None:
    """Each picture that is written is added to `written`. OSError at the first that cannot be."""
    out.mkdir(parents=True, exist_ok=True)
    for name, octets in found.pictures().items():
        path = out / f"{file.stem}.{name}.png"
        path.write_bytes(octets)
        written.append(path)


def _show(found: Quicklook, file: Path, pictures: list[Path]) -> None:
    rows = table("", "", title=str(file))
    for name, value in found.facts():
        rows.add_row(name, value)
    out = console()
    out.print(rows)
    if isinstance(found, SarQuicklook):
        several_swaths = len({picture.image.burst.swath for picture in found.images}) > 1
        for picture in found.images:
            burst = picture.image.burst
            names = [f"swath {burst.swath}"] if several_swaths else []
            _show_targets(picture, ", ".join([*names, burst.polarisation] if found.several_polarisations else names))
    for path in pictures:
        click.echo(f"Picture: {path}")


def _cells(cut: Response) -> tuple[str, str, str]:
    mark = _SHARED if cut.shared else ""
    width, lobe = f"{cut.width_m:.3f}{mark}", f"{cut.side_lobe_db:.1f}{mark}"
    return width, f"{cut.theory_m:.3f} ({100 * cut.error:+.1f} %)", lobe


def _show_targets(picture: SarPicture, where: str) -> None:
    """`where` tells the picture from others of the same file."""
    of = f" in {where}" if where else ""
    if not picture.targets:
        click.echo(f"No point target stands out{of}.")
        return
    near_m = float(picture.image.range_m[0])
    titles = ("target", "range, m", "azimuth, m", "level, dB")
    title = f"Point targets{of}" if of else None
    rows = table(*titles, "IRW range, m", "theory", "PSLR, dB", "IRW azimuth, m", "theory", "PSLR, dB", title=title)
    for number, target in enumerate(picture.targets, 1):
        cuts = (cell for cut in (target.range, target.azimuth) for cell in _cells(cut))
        place = (f"{near_m:.0f} + {target.range_m - near_m:.2f}", f"{target.azimuth_m:.2f}")
        rows.add_row(f"{number}", *place, f"{target.level_db:.1f}", *cuts)
    console().print(rows)
    if any(cut.shared for target in picture.targets for cut in (target.range, target.azimuth)):
        click.echo(f"{_SHARED} beside another target in this cut: no measure of the radar alone")
