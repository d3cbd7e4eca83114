"""Where tickets are kept: adapters of the Store port, and the form they have on disk."""
