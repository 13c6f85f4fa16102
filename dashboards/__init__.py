"""Grafana dashboards of a county, as typed code. ``python -m dashboards`` writes the JSON; a test compares."""
