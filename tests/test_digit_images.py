"""How `digitnet predict` brings pictures to MNIST's form."""

import numpy as np
import pytest

from digitnet.cli.digits import mnist_form, read_images
from digitnet.datasets import mnist_sample

Image = pytest.importorskip("PIL.Image")
ImageDraw = pytest.importorskip("PIL.ImageDraw")

RNG = np.random.default_rng(3)


def enlarge(digit, factor, canvas=(400, 500), at=(60, 120)):
    """Put a 28 by 28 digit, enlarged, somewhere on a larger canvas; ink is 255."""
    side = 28 * factor
    big = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    sheet = np.zeros(canvas, np.float32)
    sheet[at[0] : at[0] + side, at[1] : at[1] + side] = big
    return sheet


def centre(image):
    """Row and column of the centre of mass."""
    mass = image.astype(np.float64)
    place = np.arange(28)
    return (mass.sum(1) @ place) / mass.sum(), (mass.sum(0) @ place) / mass.sum()


def likeness(a, b):
    """Correlation of two images, 1 for the same picture, at the best shift of at most one pixel.

    The place is a whole number of pixels, so a small change in the centre of mass may shift it.
    """
    shifts = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    pairs = ((np.roll(a, shift, axis=(0, 1)).ravel(), b.ravel()) for shift in shifts)
    return max(np.corrcoef(moved, fixed)[0, 1] for moved, fixed in pairs)


@pytest.fixture(scope="module")
def some_digits():
    """Twenty digits of the sample."""
    return mnist_sample.load_data()[1][0][:20]


@pytest.mark.parametrize("factor", [1, 2, 5, 10])
@pytest.mark.parametrize("light_on_dark", [True, False])
def test_mnist_digits_come_back_from_any_size_and_polarity(some_digits, factor, light_on_dark):
    for digit in some_digits:
        sheet = 20 + 0.8 * enlarge(digit, factor)
        found = mnist_form(sheet if light_on_dark else 255 - sheet)
        assert found.shape == (28, 28)
        assert found.dtype == np.uint8
        assert found.max() == 255
        assert likeness(found, digit) > 0.85


def test_noise_and_uneven_light_do_not_matter(some_digits):
    light = np.linspace(0, 25, 500)[None, :]
    for digit in some_digits:
        sheet = 230 - 0.7 * enlarge(digit, 8) - light + RNG.normal(0, 3, (400, 500))
        assert likeness(mnist_form(sheet), digit) > 0.85


def test_the_digit_fits_the_box_and_its_mass_is_in_the_middle():
    page = np.full((300, 300), 255.0)
    page[40:240, 30:50] = 0  # an upright stroke with a foot, far from the middle
    page[230:240, 30:120] = 0
    found = mnist_form(page)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == 9
    assert centre(found) == pytest.approx((14, 14), abs=0.6)


def test_the_caller_s_picture_is_not_modified(some_digits):
    page = enlarge(some_digits[0], 4)
    before = page.copy()
    mnist_form(page)
    np.testing.assert_array_equal(page, before)


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_picture_without_contrast_is_refused(shade):
    with pytest.raises(ValueError, match="shows no digit"):
        mnist_form(np.full((50, 50), shade))


def draw_seven(mode, ink, paper):
    image = Image.new(mode, (120, 160), paper)
    ImageDraw.Draw(image).line([(25, 25), (95, 25), (50, 140)], fill=ink, width=12)
    return image


SEVEN = mnist_form(np.asarray(draw_seven("L", 0, 255)))


@pytest.mark.parametrize(
    ("mode", "ink", "paper"),
    [
        ("1", 0, 1),
        ("L", 255, 0),
        ("LA", (0, 255), (255, 255)),
        ("RGB", (10, 20, 120), (250, 245, 230)),
        ("RGBA", (0, 0, 0, 255), (0, 0, 0, 0)),
        ("RGBA", (255, 255, 255, 255), (0, 0, 0, 0)),
        ("RGBA", (255, 255, 255, 255), (255, 255, 255, 0)),
    ],
)
def test_pngs_of_every_mode_show_the_same(tmp_path, mode, ink, paper):
    path = tmp_path / "seven.png"
    draw_seven(mode, ink, paper).save(path)
    assert likeness(read_images(str(path))[0], SEVEN) > 0.97


def test_palettes_and_sixteen_bits_show_the_same(tmp_path):
    path = tmp_path / "seven.png"
    grey = draw_seven("L", 0, 255)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    for image in (grey.convert("P"), deep):
        image.save(path)
        assert likeness(read_images(str(path))[0], SEVEN) > 0.97


def test_jpegs_and_turned_photographs(tmp_path):
    path = tmp_path / "seven.jpg"
    image = draw_seven("RGB", (0, 0, 0), (255, 255, 255))
    image.save(path, quality=70)
    assert likeness(read_images(str(path))[0], SEVEN) > 0.97
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn 90° clockwise to see it upright"
    turned.save(path, quality=90, exif=exif)
    assert likeness(read_images(str(path))[0], SEVEN) > 0.97


def test_truncated_pictures_are_refused(tmp_path):
    path = tmp_path / "cut.png"
    Image.fromarray(RNG.integers(0, 255, (200, 200), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises((ValueError, OSError), match=r"cut\.png"):
        read_images(str(path))


def test_without_pillow_the_sentence_says_what_to_install(tmp_path, monkeypatch):
    import sys

    path = tmp_path / "seven.png"
    draw_seven("L", 0, 255).save(path)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        read_images(str(path))
