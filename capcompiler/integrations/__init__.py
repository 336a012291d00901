"""What connects guests to other software of a host's."""
