"""Attacks: hostile guests, one claim each, by way of escape."""
