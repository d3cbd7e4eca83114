"""What a desk is told: csctool.toml, agency.toml and rules.toml as frozen, validated values; data, never executed."""
