"""Where the style sheets are: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path, PurePath

_PACKAGE = Path(__file__).resolve().parent.parent


def style_root() -> Path:
    """The first existing of `<package>/styles` and `<package>/../styles`."""
    for root in (_PACKAGE / "styles", _PACKAGE.parent / "styles"):
        if (root / "base.tcss").is_file():
            return root
    raise FileNotFoundError(f"no style sheets beside {_PACKAGE}: the installation is incomplete")


def sheets(*names: str) -> list[str | PurePath]:
    """Paths of style sheets by name, for `CSS_PATH`."""
    root = style_root()
    return [root / f"{name}.tcss" for name in names]
