"""The dialect: which programs it takes, and which it refuses, with what code and where."""
