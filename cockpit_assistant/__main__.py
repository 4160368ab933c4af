"""`python -m cockpit_assistant`: the same as the `cockpit-assistant` command."""

import sys

from .cli import main

sys.exit(main())
