"""The numbers of the targets in the overview: legible also where targets crowd."""

from __future__ import annotations

from itertools import combinations

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from emei.science.sar_picture import draw_sar
from tests.science.takes import look, record

CROWDS = {
    "two in one place": ((400.0, 300.0, 20.0), (410.0, 300.0, 12.0)),
    "along the track": tuple((400.0, 300.0 + 130.0 * number, 20.0) for number in range(5)),
    "side by side in a corner": tuple((1180.0 - 12.0 * number, 1400.0, 20.0 - number) for number in range(6)),
    "a cluster": tuple((400.0 + 25.0 * row, 60.0 * column, 20.0) for row in range(3) for column in range(4)),
}


def numbers_of(figure: Figure) -> list[Annotation]:
    return [text for text in figure.axes[0].texts if isinstance(text, Annotation)]


@pytest.mark.parametrize("crowd", CROWDS)
def test_every_number_is_legible(crowd: str) -> None:
    (picture,) = look(record(rate=12_000_000, scene=CROWDS[crowd])).images
    figure = draw_sar(picture.image, picture.targets, crowd)
    figure.draw_without_rendering()
    numbers = numbers_of(figure)
    assert [text.get_text() for text in numbers] == [f"{n}" for n in range(1, len(picture.targets) + 1)]
    assert len(numbers) >= len(CROWDS[crowd])
    # The boxes of the characters alone, without the lines that lead from them.
    boxes = [super(Annotation, text).get_window_extent() for text in numbers]
    for (number, one), (other, two) in combinations(enumerate(boxes, 1), 2):
        assert not one.overlaps(two), (number, other)
    frame = figure.axes[0].get_window_extent()
    for box in boxes:
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
