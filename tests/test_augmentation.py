"""Augmentation against NumPy and SciPy, and against what it must leave alone."""

import numpy as np
import pytest

from augmentation_oracle import ALL, copy_of, displacements, drawn, images
from digitnet.augmentation import ElasticDistortion, ImageAugmentation

KINDS = {name: {name: value} for name, value in ALL.items()} | {"all": ALL}


def assert_agrees(x, augment, epoch=0):
    """Compare the copies with the oracle's, but where rounding can go either way."""
    pytest.importorskip("scipy")
    copies = augment(x, epoch)
    assert copies.dtype == x.dtype
    assert copies.shape == x.shape
    as_images = x.reshape(*x.shape[:3], -1)
    for index, copy in enumerate(copies.reshape(as_images.shape)):
        expected = copy_of(as_images[index], augment, epoch, index)
        # A place is off by some units in its last place of float32, times the pixels' contrast.
        rounding = 0.5 if x.dtype == np.uint8 else 0.0
        contrast = max(float(np.abs(x).max()), abs(augment.fill_value))
        np.testing.assert_allclose(copy, expected, rtol=0, atol=rounding + 2e-5 * contrast)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_agrees_with_scipy(rng, kind, dtype):
    x = images(rng, (6, 28, 28), dtype)
    assert_agrees(x, ImageAugmentation(**KINDS[kind], seed=5), epoch=3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (2, 3), (33, 17), (20, 40, 3)])
def test_agrees_with_scipy_for_every_shape(rng, shape):
    x = images(rng, (4, *shape), "float32")
    assert_agrees(x, ImageAugmentation(**ALL, fill_value=-0.5, seed=2**62 + 1), epoch=2**31 - 1)


@pytest.mark.parametrize("sigma", [0.01, 0.5, 1.0, 4.0, 9.0, 15.9, 16.0, 1e3, 3e38])
def test_fields_of_every_smoothness_agree_with_scipy(rng, sigma):
    # 16 rows: from a deviation of 2.5 on, what the Gaussian reaches comes around the circle.
    x = images(rng, (3, 16, 24), "float32")
    assert_agrees(x, ImageAugmentation(elastic=ElasticDistortion(20, sigma), seed=3))


def test_random_arguments_agree_with_scipy():
    pytest.importorskip("scipy")
    hypothesis = pytest.importorskip("hypothesis")
    st = pytest.importorskip("hypothesis.strategies")

    def ranges(low, high):
        return st.tuples(st.floats(low, high), st.floats(low, high)).map(sorted)

    arguments = st.fixed_dictionaries(
        {
            "shift": ranges(-1, 1),
            "rotation": ranges(-360, 360),
            "scale": ranges(0.2, 5),
            "shear": ranges(-60, 60),
            "elastic": st.none()
            | st.builds(ElasticDistortion, st.floats(0, 50), st.floats(0.1, 60)),
            "fill_value": st.floats(0, 255, width=32),
            "seed": st.integers(0, 2**63 - 1),
        }
    )
    shapes = st.tuples(*[st.integers(1, 2), *[st.integers(1, 20)] * 2, st.integers(1, 4)])

    @hypothesis.settings(deadline=None, max_examples=60, derandomize=True)
    @hypothesis.given(arguments, shapes, st.integers(0, 2**31 - 1))
    def check(chosen, shape, epoch):
        pixels = np.random.default_rng(7).uniform(0, 255, shape).astype(np.float32)
        augment = ImageAugmentation(**chosen)
        copies = augment(pixels, epoch)
        for index, copy in enumerate(copies):
            expected = copy_of(pixels[index], augment, epoch, index)
            np.testing.assert_allclose(copy, expected, rtol=0, atol=0.05)

    check()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("shape", [(5, 28, 28), (5, 9, 12, 2), (5, 1, 1)])
def test_nothing_to_do_changes_no_bit(rng, shape, dtype):
    x = images(rng, shape, dtype)
    x.reshape(-1)[0] = -0.0
    assert ImageAugmentation()(x).tobytes() == x.tobytes()
    # through the sampling, too
    np.testing.assert_array_equal(ImageAugmentation(rotation=(360, 360))(x), x)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_whole_pixels_and_quarter_turns_are_exact(rng, dtype):
    x = images(rng, (5, 28, 28), dtype)
    moved = ImageAugmentation(shift=(3 / 28, 3 / 28), fill_value=7)(x)
    np.testing.assert_array_equal(moved[:, 3:, 3:], x[:, :-3, :-3])
    np.testing.assert_array_equal(np.unique(moved[:, :3]), [7])
    np.testing.assert_array_equal(np.unique(moved[:, :, :3]), [7])
    for quarters in (-1, 1, 2, 3):
        turned = ImageAugmentation(rotation=(90 * quarters, 90 * quarters))(x)
        np.testing.assert_array_equal(turned, np.rot90(x, quarters, axes=(1, 2)))
    gone = ImageAugmentation(shift=(1, 1))(x)
    assert not gone.any()


def test_directions_are_those_of_the_docstring():
    dot = np.zeros((1, 21, 21), np.float32)
    dot[0, 4, 10] = 1  # above the centre

    def middle(**arguments):
        copy = ImageAugmentation(**arguments)(dot)[0].astype(np.float64)
        return (np.indices(copy.shape) * copy).sum(axis=(1, 2)) / copy.sum() - [10, 10]

    np.testing.assert_allclose(middle(rotation=(30, 30)), [-6 * 0.75**0.5, -3], atol=0.15)
    np.testing.assert_allclose(middle(shear=(45, 45)), [-6, 6], atol=0.15)
    np.testing.assert_allclose(middle(scale=(1.5, 1.5)), [-9, 0], atol=0.15)
    np.testing.assert_allclose(middle(shift=(2 / 21, 2 / 21)), [-4, 2], atol=1e-6)


def test_draws_are_uniform_and_displacements_are_as_the_docstring_says():
    augment = ImageAugmentation(**ALL, seed=11)
    draws = [drawn(augment, 0, index, 32, 32) for index in range(400)]
    for name, (low, high) in (("scale", (0.7, 1.3)), ("shift", (-3.2, 3.2))):
        values = np.array([getattr(d, name) for d in draws]).ravel()
        assert low <= values.min() < values.max() <= high
        spread = (high - low) / 12**0.5
        assert abs(values.mean() - (low + high) / 2) < 4 * spread / values.size**0.5
        assert abs(values.std() / spread - 1) < 0.1
    pytest.importorskip("scipy")
    fields = np.array([displacements(d.noise, ElasticDistortion(34, 4)) for d in draws])
    assert abs(fields.mean()) < 0.05
    np.testing.assert_allclose(fields.std(axis=0), 0.163 * 34 / 4, rtol=0.3)  # edges as the middle
    np.testing.assert_allclose(fields.std(), 0.163 * 34 / 4, rtol=0.02)


def test_draws_of_one_kind_do_not_depend_on_the_others(rng):
    x = images(rng, (8, 16, 16), "float32")
    still = {"rotation": (0, 1e-30), "scale": (1, 1), "shear": (0, 1e-30)}
    alone = ImageAugmentation(shift=0.2, seed=4)
    np.testing.assert_allclose(
        ImageAugmentation(shift=0.2, **still, seed=4)(x), alone(x), atol=1e-5
    )
    everything = ImageAugmentation(**ALL, seed=4)
    for kind, arguments in list(KINDS.items())[:-1]:
        only = everything.only(kind)
        np.testing.assert_array_equal(only(x, 2), ImageAugmentation(**arguments, seed=4)(x, 2))


def test_arrays_of_every_kind_give_the_same(rng):
    x = images(rng, (4, 12, 10, 3))
    augment = ImageAugmentation(**ALL, seed=1)
    copies = augment(x)
    before = x.copy()
    shaped = {"seed": 1, "image_shape": (12, 10, 3)}
    flat = ImageAugmentation(**ALL, **shaped)(x.reshape(4, -1))
    np.testing.assert_array_equal(flat.reshape(x.shape), copies)
    np.testing.assert_array_equal(ImageAugmentation(**ALL, **shaped)(x), copies)
    strided = np.repeat(np.repeat(x, 2, axis=0), 2, axis=3)[::2, :, :, ::2]
    backwards = x[::-1, ::-1][::-1, ::-1]
    fortran = np.asfortranarray(x)
    for other in (strided, backwards, fortran):
        np.testing.assert_array_equal(augment(other), copies)
    floats = augment(x.astype(np.float32))
    for dtype in ("float64", "int64", "uint16", ">f4"):
        other = augment(x.astype(dtype))
        assert other.dtype == np.float32
        np.testing.assert_array_equal(other, floats)
    np.testing.assert_array_equal(augment(x[..., :1])[..., 0], augment(x[..., 0]))
    np.testing.assert_array_equal(x, before)
    assert augment(x.tolist()).dtype == np.float32


def test_extreme_arguments_stay_within_the_values_of_the_image(rng):
    x = images(rng, (3, 8, 8), "float32") * np.float32(3e38)
    for alpha, sigma in ((3e38, 0.2), (3e38, 3e38), (1e-30, 1e-30), (1e10, 2)):
        elastic = ElasticDistortion(alpha, sigma)
        copies = ImageAugmentation(1, 360, (0.01, 100), 80, elastic, seed=0)(x)
        assert np.isfinite(copies).all()
        assert copies.min() >= 0
        assert copies.max() <= np.float32(3.0001e38)
