"""`python -m csctool` and the console script."""

from csctool.cli import main

if __name__ == "__main__":
    main()
