"""docs/settings.md, from the code: python -m infra.runtime.settings_page > docs/settings.md"""

from __future__ import annotations

from infra.core.settings import Settings

_HEAD = """# Settings

Environment variables; the defaults are the embedded mode. Written by `python -m infra.runtime.settings_page`.

| Variable | Default | Meaning |
|---|---|---|
"""


def page() -> str:
    """The page as Markdown: one row a setting, in the order of the code."""
    rows = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and "default" in extra:
            default = str(extra["default"])
        else:
            default = f"`{field.default}`" if field.default_factory is None and field.default != "" else ""
        rows.append(f"| `LECTERN_{name.upper()}` | {default} | {field.description} |\n")
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    print(page(), end="")
