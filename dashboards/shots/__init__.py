"""Draws the dashboards once, for the documentation."""
