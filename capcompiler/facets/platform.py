"""`platform` without a machine: what the language is, and nothing of the host."""

import sys


def python_version():
    return ".".join(map(str, sys.version_info[:3]))


def python_version_tuple():
    return tuple(map(str, sys.version_info[:3]))


def python_implementation():
    return "CPython"


def python_compiler():
    return ""


def python_branch():
    return ""


def python_build():
    return ("", "")


def system():
    return ""


node = release = version = machine = processor = system


def platform(aliased=False, terse=False):
    return "capcompiler"


def architecture(executable="", bits="", linkage=""):
    return ("64bit" if sys.maxsize > 2**32 else "32bit", "")


def libc_ver(executable=None, lib="", version="", chunksize=16384):
    return ("", "")


def mac_ver(release="", versioninfo=("", "", ""), machine=""):
    return (release, versioninfo, machine)


def win32_ver(release="", version="", csd="", ptype=""):
    return (release, version, csd, ptype)
