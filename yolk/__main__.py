"""The command line: `python -m yolk`."""

from yolk.cli import main

if __name__ == "__main__":
    main()
