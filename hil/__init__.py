"""Bench of project Emei: boards, line broker, unit simulators, scenarios."""
