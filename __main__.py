"""``python -m chronaxie``: the command line."""

import sys

from .studies.cli import main

sys.exit(main())
