"""`sysconfig` without an installation."""

import sys


def get_config_var(name):
    """A setting of the build: none is told."""
    return None


def get_config_vars(*args):
    return [None] * len(args) if args else {}


def get_python_version():
    return "%d.%d" % sys.version_info[:2]


def get_platform():
    return ""
