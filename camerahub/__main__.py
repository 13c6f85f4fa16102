"""``python -m camerahub``."""

from camerahub.cli.main import main

if __name__ == "__main__":
    main()
