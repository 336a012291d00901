"""Runs rules.py over the states of a home, as Home Assistant runs a `python_script`.

The rules can read states, set them, call services and log, and reach nothing else of the host.
"""

import json
import sys
from pathlib import Path
from typing import Any

from capcompiler import Capability, Compartment, Limits, expose

HERE = Path(__file__).parent


class State:
    """One state of one entity; an ordinary object of the host's."""

    def __init__(self, entity_id: str, state: str, attributes: dict[str, Any]) -> None:
        self.entity_id = entity_id
        self.state = state
        self.attributes = attributes


class States(Capability):
    def __init__(self, states: dict[str, State]) -> None:
        self.by_id = states

    def get(self, entity_id: str) -> Any:
        state = self.by_id.get(entity_id)
        return None if state is None else expose(state, read=("entity_id", "state", "attributes"))

    def set(self, entity_id: str, new_state: str, attributes: dict[str, Any]) -> None:
        self.by_id[entity_id] = State(entity_id, new_state, attributes)

    def entity_ids(self, domain: str) -> list[str]:
        return sorted(e for e in self.by_id if e.startswith(domain + "."))


class Services(Capability):
    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def call(self, domain: str, service: str, service_data: dict[str, Any]) -> None:
        self.calls.append((domain, service, service_data))


class Logger(Capability):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str) -> None:
        self.lines.append(f"INFO {text}")

    def warning(self, text: str) -> None:
        self.lines.append(f"WARNING {text}")


class Hass:
    """The host's own object: rules may read two of its attributes."""

    def __init__(self, states: States, services: Services) -> None:
        self.states = states
        self.services = services
        self.config_directory = "/config"


def read_home() -> tuple[Hass, Logger, dict[str, Any]]:
    home = json.loads((HERE / "states.json").read_text(encoding="utf-8"))
    states = {name: State(name, s["state"], s["attributes"]) for name, s in home["states"].items()}
    return Hass(States(states), Services()), Logger(), home["data"]


def show(hass: Hass, logger: Logger, report: dict[str, Any]) -> None:
    for line in logger.lines:
        print(line)
    for domain, service, service_data in hass.services.calls:
        print(f"{domain}.{service} {json.dumps(service_data, ensure_ascii=False)}")
    print("counter.runs is", hass.states.by_id["counter.runs"].state)
    print(json.dumps(report, indent=2))


def main() -> None:
    hass, logger, data = read_home()
    caps = {"hass": expose(hass, read=("states", "services")), "logger": logger, "data": data}
    with Compartment(caps, limits=Limits(steps=100_000, seconds=30)) as home:
        rules = home.exec((HERE / "rules.py").read_text(encoding="utf-8"), filename="rules.py")
        show(hass, logger, rules["report"])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
