"""What `Sequential` is made of, one floor on the other.

`stack` (layers and their compiled core), `network` (weights, summary, configuration), `evaluator`
(loss, metrics, evaluation), `trainer` (fit, gradients); the other files are their helpers.
"""
