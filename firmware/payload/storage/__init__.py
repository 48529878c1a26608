"""What outlives a data take, or a reset: the recorder's catalogue, values in flash."""
