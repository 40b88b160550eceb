"""`python -m binrecon` is `binrecon`."""

import sys

from binrecon.cli import main

if __name__ == "__main__":
    sys.exit(main())
