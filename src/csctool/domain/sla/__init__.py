"""Promises and the clocks that follow them: a pure function of a ticket's history and the terms in force.

Rules: design, domain (Time). `recording.promised` writes down what is promised when a ticket changes; `outcome` is what
stands on the ticket; `alarms` tells a sweep what is due; `ledger` explains a clock segment by segment.
"""
