"""`getpass`: neither a terminal nor the name of a user is granted."""

from _guard_types import _refuse

__all__ = ["getpass", "getuser", "GetPassWarning"]


class GetPassWarning(UserWarning):
    """The password may be echoed."""


def getpass(prompt="Password: ", stream=None):
    _refuse("getpass.getpass was not granted: there is no terminal")


def getuser():
    _refuse("getpass.getuser was not granted: who runs the host is not for its programs to know")
