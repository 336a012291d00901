"""A plugin that runs templates of strangers: each reads the pages of one language and nothing else."""

TEMPLATE = """
title = pages.read_text("title.txt")
body = pages.read_text("body.txt")
html = f"<h1>{title}</h1>\\n<p>{body}</p>\\n"
"""

HOSTILE = """
tried = []
for attempt in (
    lambda: pages.write_text("title.txt", "evil"),
    lambda: pages.read_text("../de/title.txt"),
    lambda: pages.read_text("../../secret.txt"),
    lambda: [pages.list() for _ in range(100)],
):
    try:
        tried.append(str(attempt()))
    except (PermissionError, AttributeError) as error:
        tried.append(str(error).partition("] ")[2] or str(error))
kept = pages
"""


def render(template, language):
    # Less of it at each step: the language's folder, to read, for ten uses, until it is taken back.
    part, revoke = revocable(quota(readonly(pages.subdir(language)), calls=10))
    try:
        return cap_exec(
            template, {"pages": part}, limits=Limits(steps=50_000), filename=f"{language}.tpl"
        )
    finally:
        revoke()


html = "".join(render(TEMPLATE, language)["html"] for language in ("en", "de"))
pages.write_text("out.html", html)
print(html, end="")

hostile = render(HOSTILE, "en")
for line in hostile["tried"]:
    print("the template:", line)
try:
    hostile["kept"].list()
except PermissionError as error:
    print("afterwards:", error)
