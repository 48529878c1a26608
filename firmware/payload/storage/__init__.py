"""What outlives a data take: the recorder's catalogue."""
