"""Agency rules: the hooks, their host, and the built-in plugins. Authors import `hookimpl` and `Answer` from here."""

from csctool.plugins.hookspecs import Agency, Answer, Change, hookimpl

__all__ = ["Agency", "Answer", "Change", "hookimpl"]
