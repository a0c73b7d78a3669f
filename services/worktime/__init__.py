"""Working days, opening hours and weekdays: once, for all who count time."""
