"""What is longer than anybody writes: settings, rules and maps beyond this are refused before they cost anything."""

#: Bytes of a file in TOML; 200 rules take 20 KB.
TOML_BYTES = 4 << 20
#: Dots in a line of it: parsers take time with the square of a dotted key's length.
TOML_DOTS = 2000


def overgrown(text: str) -> str | None:
    """What is too much in a text in TOML, its length apart; None for nothing."""
    if text.count(".") > TOML_DOTS:
        for number, line in enumerate(text.splitlines(), 1):
            if line.count(".") > TOML_DOTS:
                return f"line {number} has over {TOML_DOTS} dots"
    return None
