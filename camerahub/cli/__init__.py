"""Floor 7: commands. Sets up logs, maps errors to exit codes."""
