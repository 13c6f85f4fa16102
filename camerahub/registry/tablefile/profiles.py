"""The table of profiles. A new one is one file and one line here."""

from __future__ import annotations

from camerahub.registry.tablefile.national27 import NATIONAL27
from camerahub.registry.tablefile.native import NATIVE
from camerahub.registry.tablefile.profile import Profile
from camerahub.registry.tablefile.verdicts import TableFileError

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (NATIVE, NATIONAL27)}


def find_profile(name: str) -> Profile:
    """The profile ``name``. TableFileError lists the known ones."""
    if name not in PROFILES:
        raise TableFileError("tablefile.unknown_profile", profile=name, known=", ".join(PROFILES))
    return PROFILES[name]
