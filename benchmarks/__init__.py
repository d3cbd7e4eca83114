"""What csctool claims about speed, measured side by side: `python -m benchmarks`."""
