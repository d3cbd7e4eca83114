"""The only room that prints: tables, JSON, CSV; text from outside is shown escaped."""
