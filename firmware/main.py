"""Entry of every image: start the payload application."""

from payload.main import main

main()
