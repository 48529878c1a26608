"""Errors of commissioning. Their text is one sentence a problem."""


class CampaignError(Exception):
    """A campaign, or the record of one, cannot be used."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class UnknownCampaignName(CampaignError):
    """There is no campaign, or no step of one, of that name."""
