"""The report of a pass: what was recorded, drawn and written into one self-contained HTML page."""
