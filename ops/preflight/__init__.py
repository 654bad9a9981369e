"""Questions to a cloud before the first `up`: read-only, and answered in seconds instead of twenty minutes in."""
