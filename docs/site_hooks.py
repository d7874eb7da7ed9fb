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
OUTSIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)#]+)\)")


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the files that the pages name."""
    named: set[str] = set()
    for page in files.documentation_pages():
        named |= {match[3] for match in OUTSIDE.finditer(page.content_string) if _comes(match[3])}
    for path in sorted(named):
        files.append(File.generated(config, f"files/{path}", abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point the links at those files."""
    to_root = posixpath.relpath(".", posixpath.dirname(page.file.src_uri) or ".")

    def link(match: re.Match[str]) -> str:
        mark, text, path = match.groups()
        return f"{mark}[{text}]({to_root}/files/{path})" if _comes(path) else text

    return OUTSIDE.sub(link, markdown)


def _comes(path: str) -> bool:
    """Return whether the path goes along; one that leads nowhere is an error."""
    target = ROOT / path
    if not target.exists():
        raise FileNotFoundError(f"docs link to ../{path}, which is not there")
    return target.is_file() and target.suffix != ".md"
