"""Laws that hold for every program, tried on generated ones."""
