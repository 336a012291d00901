# Rules of a home, as a Home Assistant `python_script` has them: `hass`, `data` and `logger` are there.

from math import log10

ROOMS = ("bath", "bedroom", "cellar")


class Climate:
    """What is known of the air in a room."""

    def __init__(self, room):
        self.room = room
        self.temperature = number(f"sensor.{room}_temperature")
        self.humidity = number(f"sensor.{room}_humidity")
        self.score = 0

    def dew_point(self):
        if self.temperature is None or self.humidity is None:
            return None
        # Magnus' formula, with log10 for want of a natural logarithm.
        gamma = log10(self.humidity / 100) / log10(2.718281828459045)
        gamma += 17.62 * self.temperature / (243.12 + self.temperature)
        return round(243.12 * gamma / (17.62 - gamma), 1)


def number(entity_id):
    state = hass.states.get(entity_id)
    if state is None:
        return None
    try:
        return float(state.state)
    except ValueError:
        logger.warning(f"{entity_id} is {state.state}")
        return None


def is_on(entity_id):
    state = hass.states.get(entity_id)
    return state is not None and state.state == "on"


limits = data.get("limits", {})
report = {"warnings": 0, "actions": [], "rooms": {}}

# Damp rooms

climates = [Climate(room) for room in ROOMS]
for climate in climates:
    dew = climate.dew_point()
    report["rooms"].setdefault(climate.room, {})["dew_point"] = dew
    if climate.humidity is not None and climate.humidity > limits["humidity"]:
        climate.score += 2
    if dew is not None:
        climate.score += dew > 17
    if is_on(f"binary_sensor.{climate.room}_window"):
        climate.score -= 1
    report["rooms"][climate.room]["score"] = climate.score
    report["warnings"] += max(climate.score, 0)

dampest = max(climates, key=lambda c: c.score)
if dampest.score > 1:
    hass.services.call(
        "fan", "turn_on", {"entity_id": f"fan.{dampest.room}", "percentage": 25 * dampest.score}
    )
    report["actions"] += [f"fan in the {dampest.room}"]

# Open windows in the cold

windows = [e for e in hass.states.entity_ids("binary_sensor") if e.endswith("_window")]
if any(is_on(w) for w in windows) and number("sensor.outdoor_temperature") < 10:
    names = ", ".join(w.split(".")[1].replace("_", " ") for w in windows if is_on(w))
    domain, service = data.get("notify").split(".")
    hass.services.call(domain, service, {"message": f"It is cold outside, and open: {names}"})
    report["actions"] += ["notified"]

# Noise from the street, in decibel

decibel = 20 * log10(number("sensor.street_noise") / 0.00002)
if decibel >= limits.get("noise_db", 70):
    logger.info(f"it is loud outside: {decibel:.1f} dB")
    report["warnings"] += 1

# Lights at night

if data.get("quiet_hours") and (data["hour"] >= 22 or data["hour"] < 6):
    for entity_id in hass.states.entity_ids("light"):
        light = hass.states.get(entity_id)
        brightness = light.attributes.get("brightness", 0)
        if light.state == "on" and brightness > limits["brightness"]:
            brightness //= 2
            brightness = min(brightness, limits["brightness"])
            hass.services.call("light", "turn_on", {"entity_id": entity_id, "brightness": brightness})
            report["actions"] += [f"dimmed {entity_id} to {brightness}"]

# How often the rules have run

runs = int(hass.states.get("counter.runs").state)
runs += hass.states.get("counter.runs").attributes["step"]
hass.states.set("counter.runs", str(runs), {"step": 1})
logger.info(f"run {runs}: {len(report['actions'])} actions, {report['warnings']} warnings")
