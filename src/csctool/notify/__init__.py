"""Delivery: what a notice says, and the transports that carry it."""
