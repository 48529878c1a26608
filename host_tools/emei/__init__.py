"""Ground tools of project Emei: dictionary, packets, link, session, command line."""
