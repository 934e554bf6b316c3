"""Profiles that citizens consented to: sealed at rest, gone when withdrawn."""
