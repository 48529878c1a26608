"""Science data of the instruments: from the recorder's file to pictures."""
