"""`python -m sitegen` is `sitegen`."""

from .cli import main

main()
