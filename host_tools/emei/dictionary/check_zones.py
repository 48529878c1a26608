"""Transmit zones: every radius covers what an acquisition table can reach from the sub-satellite point."""

from math import acos

from emei.dictionary.checks import Checks


class ZoneChecks(Checks):
    """Checks of zones.toml."""

    def run(self) -> None:
        zones = self.content["zones"]["zone"]
        self.unique(["zones", "zone"], ["name"], zones)
        reach_km = self.look_range_m() / 1e3
        for index, item in enumerate(zones):
            if item["radius_km"] < reach_km:
                allowed = f"at least {reach_km:.0f}, what far_delay_code of ACQUISITION_TABLE reaches, is allowed"
                self.refuse(["zones", "zone", index, "radius_km"], item["radius_km"], allowed)

    def look_range_m(self) -> float:
        """Distance on the sphere between the sub-satellite point and the farthest edge a table may have."""
        frequency_hz, light_speed_m_s, ground_m, altitude_m = (
            self.mission.number("sar", key)
            for key in ("reference_frequency_hz", "light_speed_m_s", "earth_radius_m", "altitude_m")
        )
        table = next(item for item in self.content["layouts"]["layout"] if item["name"] == "ACQUISITION_TABLE")
        code = next(item["max"] for item in table["fields"] if item["name"] == "far_delay_code")
        slant_m = code / frequency_hz * light_speed_m_s / 2
        orbit_m = ground_m + altitude_m
        cosine = (ground_m**2 + orbit_m**2 - slant_m**2) / (2 * ground_m * orbit_m)
        return ground_m * acos(max(cosine, -1.0))
