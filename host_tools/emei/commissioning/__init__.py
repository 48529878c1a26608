"""Commissioning campaigns: steps as data, run over a session, recorded so that a campaign goes on where it stopped."""
