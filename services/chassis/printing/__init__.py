"""Printing sheets as PDF: `printer` asks, `press` is the process that does it; here is what both know."""

import sys
from pathlib import Path

SERVICES = Path(__file__).parents[2]
"""Below it stand the templates."""
PRESS = (sys.executable, "-m", "services.chassis.printing.press")
"""Starts a press; behind it comes a template. Without one it finds out whether anything can be printed."""
NOTHING_TO_PRINT_WITH = 3
"""Status with which a press ends where Pango or a Chinese font is missing."""
