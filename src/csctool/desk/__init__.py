"""The application: one method, one use case, one unit of work."""
