"""MkDocs: what the pages link to outside docs/ comes along to the site.

On the pages' own paths (../bench/…) the links work where the repository is read; the site has these
files under files/, and the mere name of what is a folder or a page of the repository.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\((\.\./[^)#]+)\)")


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the files that the pages name."""
    named: set[str] = set()
    for page in files.documentation_pages():
        paths = (_outside(match[3], page.src_uri) for match in LINK.finditer(page.content_string))
        named |= {path for path in paths if path is not None and _comes(path)}
    for path in sorted(named):
        files.append(File.generated(config, f"files/{path}", abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point the links at those files."""
    source = page.file.src_uri
    to_root = posixpath.relpath(".", posixpath.dirname(source) or ".")

    def link(match: re.Match[str]) -> str:
        mark, text, target = match.groups()
        path = _outside(target, source)
        if path is None:  # between two pages: MkDocs's own
            return match[0]
        return f"{mark}[{text}]({to_root}/files/{path})" if _comes(path) else text

    return LINK.sub(link, markdown)


def _outside(target: str, source: str) -> str | None:
    """Return a link's path from the repository's root; None where it stays within docs/."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(source), target))
    return None if path == "docs" or path.startswith("docs/") else path


def _comes(path: str) -> bool:
    """Return whether the path goes along; one that leads nowhere is an error."""
    target = ROOT / path
    if not target.exists():
        raise FileNotFoundError(f"docs link to {path}, which is not there")
    return target.is_file() and target.suffix != ".md"
