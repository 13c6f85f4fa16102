"""Floor 4: the moving parts. They know adapters only through ``services.ports``."""
