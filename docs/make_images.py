"""Draw the pictures of docs/pictures.md by running the programs that stand there.

    python docs/make_images.py                        # into docs/images, with MNIST
    python docs/make_images.py --sample --output DIR  # elsewhere, with the sample: a few seconds

So each picture is what the program above it draws. The files are made small: a few colours are
enough for drawings.
"""

import argparse
import os
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent
LIMIT = 60_000  # bytes of a file in docs/images


def programs(page: Path, sample: bool) -> list[str]:
    """Return the Python programs of a page, in order."""
    found = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    if sample:
        found = [code.replace("import mnist\n", "import mnist_sample as mnist\n") for code in found]
    return found


def run(codes: list[str], output: Path) -> None:
    """Run the programs, one after the other with the same names, in the folder of the pictures."""
    output.mkdir(parents=True, exist_ok=True)
    before = Path.cwd()
    os.chdir(output)
    try:
        names: dict[str, object] = {"__name__": "pictures"}
        for code in codes:
            exec(compile(code, "docs/pictures.md", "exec"), names)
    finally:
        os.chdir(before)


def shrink(picture: Path) -> None:
    """Write a PNG again with as many colours as the limit allows, 256 at most."""
    from PIL import Image

    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    for colors in (256, 128, 64, 32, 16):
        image.quantize(colors, dither=Image.Dither.NONE).save(picture, optimize=True)
        if picture.stat().st_size < LIMIT:
            break


def main() -> None:
    """Draw all pictures, and say how large they are."""
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/pictures.md.")
    parser.add_argument("--output", type=Path, default=DOCS / "images", help="folder for them")
    parser.add_argument("--sample", action="store_true", help="use the sample in place of MNIST")
    options = parser.parse_args()
    page = DOCS / "pictures.md"
    run(programs(page, options.sample), options.output)
    for name in re.findall(r"\]\(images/(\S+\.png)\)", page.read_text(encoding="utf-8")):
        picture = options.output / name
        shrink(picture)
        print(f"{picture}: {picture.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
