"""camerahub: does every camera of the county work, and can the figure be proved?

The face imports nothing heavy; rooms are imported by the commands that need them.
"""

__version__ = "0.1.0"
