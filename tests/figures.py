"""What the tests of pictures ask a figure."""


def texts(figure):
    """Every visible text of a figure and its sub-figures."""
    import matplotlib.text

    return [t.get_text() for t in figure.findobj(matplotlib.text.Text) if t.get_text()]


def assert_nothing_is_cut(figure):
    """Lay the figure out and require all that is drawn to lie inside its edges."""
    figure.draw_without_rendering()
    drawn, edges = figure.get_tightbbox(), figure.bbox_inches
    assert drawn.x0 >= -0.01, drawn
    assert drawn.y0 >= -0.01, drawn
    assert drawn.x1 <= edges.x1 + 0.01, drawn
    assert drawn.y1 <= edges.y1 + 0.01, drawn
