"""What the recorder's files hold, decoded from the files alone and held against the scene of the bench."""

from emei.dictionary import Dictionary
from emei.planning.sar_timing import Timing
from emei.report.page import Picture
from emei.science import optical_acceptance
from emei.science.comparison import differences
from emei.science.errors import ScienceError
from emei.science.optical_quicklook import optical_quicklook
from emei.science.optical_truth import background, edges, surfaces, theory_snr
from emei.science.quicklook import Quicklook, SarPicture, SarQuicklook, sar_quicklook
from emei.science.sar_acceptance import levels, settings, table_of
from emei.science.scene import match_targets
from hil.passes import optical_steps, sar_steps
from hil.passes.checks import require
from hil.passes.flight import Flight, StepFailed

PLACE_PX = 1.0
WIDTH_TOLERANCE = 0.10
SIDE_LOBE_DB = -12.0
REFLECTANCE_TOLERANCE = 0.03
REFLECTANCE_FLOOR = 0.003
SNR_TOLERANCE = 0.10


def sar_picture(flight: Flight) -> str:
    """The data take focused: every target of the scene in its place, as sharp as theory says."""
    dictionary = flight.session.dictionary
    file = flight.bench.save_recorder_file(flight.takes["SAR"].entry_id)
    try:
        found = sar_quicklook(file.read_bytes(), dictionary)
    except ScienceError as error:
        raise StepFailed(str(error)) from error
    require(not found.problems, " ".join(found.problems))
    require(found.take.task_id == sar_steps.TASK_ID, f"The packets are of task {found.take.task_id}.")
    compared = _as_commanded(found, flight.plan.timing, dictionary)
    require(len(found.images) == 1, f"{len(found.images)} pictures came out of the data take.")
    _keep(flight, found)
    return f"{require_in_place(found.images[0], dictionary)}; {compared} settings and levels as commanded"


def require_in_place(picture: SarPicture, dictionary: Dictionary) -> str:
    """Every target of the scene, and no other, in its place and as sharp as theory says; in words how near."""
    image, targets = picture.image, picture.targets
    matches = match_targets(dictionary, image, targets)
    outside = ", ".join(f"{match.range_m:g} m, {match.azimuth_m:g} m" for match in matches if not match.is_within)
    require(not outside, f"Targets of the scene lie outside of what was recorded (range, azimuth): {outside}.")
    lost = [match for match in matches if max(abs(match.range_px), abs(match.azimuth_px)) > PLACE_PX or not match.found]
    where = ", ".join(f"{match.range_m:g} m, {match.azimuth_m:g} m" for match in lost)
    require(not lost, f"{len(lost)} targets of the scene are not in their places (range, azimuth): {where}.")
    require(len(targets) == len(matches), f"{len(targets)} targets were found; the scene has {len(matches)}.")
    worst_width = max(abs(cut.error) for target in targets for cut in (target.range, target.azimuth))
    worst_lobe_db = max(cut.side_lobe_db for target in targets for cut in (target.range, target.azimuth))
    require(worst_width <= WIDTH_TOLERANCE, f"A response is {100 * worst_width:.1f} % off theory in width.")
    require(worst_lobe_db <= SIDE_LOBE_DB, f"A side lobe is at {worst_lobe_db:.1f} dB.")
    worst_px = max(max(abs(match.range_px), abs(match.azimuth_px)) for match in matches)
    return (
        f"{len(targets)} of {len(matches)} targets within {worst_px:.2f} px, widths within {100 * worst_width:.1f} % "
        f"of {image.range_resolution_m:.3f} m x {image.azimuth_resolution_m:.2f} m, "
        f"side lobes at most {worst_lobe_db:.1f} dB"
    )


def _as_commanded(found: SarQuicklook, timing: Timing, dictionary: Dictionary) -> int:
    """How many numbers of the packets were held against the table of the design."""
    table = table_of(timing.arguments(slot=sar_steps.SLOT), dictionary)
    try:
        rows = [*settings(found, table, dictionary), *levels(found, table, dictionary)]
    except ScienceError as error:
        raise StepFailed(str(error)) from error
    differing = differences(rows)
    require(not differing, " ".join(differing))
    return len(rows)


def optical_picture(flight: Flight) -> str:
    """The image put together: every edge of the scene in its place, as bright as given, as clean as the TDI allows."""
    dictionary = flight.session.dictionary
    file = flight.bench.save_recorder_file(flight.takes["OPTICAL"].entry_id)
    try:
        found = optical_quicklook(file.read_bytes(), dictionary)
    except ScienceError as error:
        raise StepFailed(str(error)) from error
    require(not found.problems, " ".join(found.problems))
    require(found.take.task_id == optical_steps.TASK_ID, f"The packets are of task {found.take.task_id}.")
    require(len(found.take.images) == 1, f"{len(found.take.images)} images came out of one strip.")
    image = found.take.images[0]
    stages = image.header["stages"]
    request = optical_acceptance.request_of("OPTICAL_START_IMAGE", optical_steps.image_arguments(flight), dictionary)
    compared = optical_acceptance.settings(found, request, dictionary)
    differing = differences(compared)
    require(not differing, " ".join(differing))
    _keep(flight, found)
    for name, band in image.measures.items():
        require(not band.rows_missing, f"{band.rows_missing} rows of {name} are missing.")
    places = edges(image, dictionary)
    lost = [edge for edge in places if edge.off_px is None or abs(edge.off_px) > PLACE_PX]
    where = ", ".join(f"{edge.band} {'row' if edge.along else 'pixel'} {edge.place}" for edge in lost)
    require(bool(places) and not lost, f"{len(lost)} of {len(places)} edges are not in their places: {where}.")
    for seen in surfaces(image, dictionary):
        off = abs(seen.seen - seen.given)
        require(
            off <= REFLECTANCE_TOLERANCE * seen.given + REFLECTANCE_FLOOR,
            f"{seen.band} at row {seen.row}, pixel {seen.pixel} is {seen.seen:.3f} bright; the scene has {seen.given}.",
        )
    ratios = {
        name: band.snr / theory_snr(background(name, dictionary), name, image, dictionary)
        for name, band in image.measures.items()
    }
    for name, ratio in ratios.items():
        snr = image.measures[name].snr
        require(
            abs(ratio - 1) <= SNR_TOLERANCE, f"SNR of {name} is {snr:.1f}, {ratio:.2f} times what {stages} stages give."
        )
    worst_px = max(abs(edge.off_px or 0.0) for edge in places)
    snrs = ", ".join(f"{name} {band.snr:.0f}" for name, band in image.measures.items())
    return (
        f"{len(places)} edges in {len(image.bands)} bands within {worst_px:.2f} px, SNR {snrs} at {stages} stages, "
        f"within {100 * max(abs(ratio - 1) for ratio in ratios.values()):.1f} % of theory; "
        f"{len(compared)} settings as commanded"
    )


def _keep(flight: Flight, found: Quicklook) -> None:
    """For the report, and beside it."""
    for name, octets in found.pictures().items():
        (flight.bench.directory / f"{name}.png").write_bytes(octets)
        flight.pictures.append(Picture(f"{name}.png", octets, found.facts()))
