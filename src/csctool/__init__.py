"""csctool: a service desk for many agencies, driven from a shell."""

__version__ = "0.1.0"
