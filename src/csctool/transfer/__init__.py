"""Import and export: reading other desks' files row by row, and what a map says of them."""
