"""Lines that stand between a guest and a way out, each taken away in turn: a test must fail for it."""
