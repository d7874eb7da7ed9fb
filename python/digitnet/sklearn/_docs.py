"""The parts of the docstrings that the classifier and the regressor share."""

PARAMETERS = """\
    hidden_layer_sizes : int or sequence of int
        Neurons of each hidden layer; ``()`` is a network without one.
    activation : str, or sequence of one for each hidden layer
        "identity", "logistic", "tanh", "relu", or one of digitnet's own: "leaky_relu", "elu",
        "softplus", "silu", "gelu", "linear" (identity), "sigmoid" (logistic).
    solver : {"adam", "sgd"}
        Adam, or stochastic gradient descent with momentum (`digitnet.optimizers`); scikit-learn's
        "lbfgs" is not among digitnet's.
    alpha : float
        Strength of the L2 penalty, ``alpha / 2 * sum(W ** 2) / (samples of a batch)``, added to
        the loss; biases are not penalized. With weights, the batch counts by its mean weight. The
        last batch of an epoch may be smaller; scikit-learn penalizes more there, digitnet does not.
    batch_size : int or "auto"
        Samples in a step; "auto" is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"}
        Of "sgd" alone. "invscaling": ``learning_rate_init / (t_ + 1) ** power_t`` after every
        epoch. "adaptive": divided by 5 instead of ending the training, down to 1e-6.
    learning_rate_init : float
        The step size at the beginning. The default is scikit-learn's and meant for "adam"; with
        "sgd", on scaled data, 0.01 to 0.1 often learns in fewer epochs.
    power_t : float
        See ``learning_rate``.
    max_iter : int
        Most epochs of a `fit`.
    shuffle : bool
        Visit the samples in a new random order every epoch.
    random_state : int, RandomState or None
        Where initial weights, the validation set, shuffling and dropout come from. The same int
        gives the same bits, for any number of threads.
    tol : float
        What counts as better: a loss lower, or with ``early_stopping`` a score higher, by ``tol``.
    verbose : bool or int
        Print a line for every epoch.
    warm_start : bool
        `fit` goes on where the last call ended, with the solver's velocities (or means) and steps,
        the learning rate and the order of samples: two fits of three epochs are one of six, to the
        bit. scikit-learn keeps the weights alone. Another solver starts from the weights.
    momentum : float in [0, 1]
        How much of the velocity stays at every step of "sgd".
    nesterovs_momentum : bool
        Use the Nesterov form of "sgd".
    early_stopping : bool
        Judge epochs by the score on a validation set, and keep the weights of the best.
    validation_fraction : float in (0, 1)
        Share of the samples set aside for that, where `fit` is given no ``X_val``; their weights
        count in the score.
    beta_1, beta_2 : float in [0, 1)
        How much of the means of the gradients and of their squares stays at every step of "adam".
    epsilon : float
        What keeps the steps of "adam" finite where gradients are tiny; at least 1e-37.
    n_iter_no_change : int or inf
        More than so many epochs in a row that are not better end the training; inf: none do.
    dropout : float in [0, 1), or sequence of one for each hidden layer
        Share of a layer's neurons left out at every step (`digitnet.layers.Dropout`).
    device : {"cpu", "cuda", "auto"}
        Where to compute. "auto" takes the GPU if there is a usable one; it is not the default,
        because a search runs many small networks in several processes. The GPU has "sgd" only:
        with "adam", "cuda" is an error and "auto" is the CPU."""

ATTRIBUTES = """\
    n_features_in_, feature_names_in_
        Of the X of the first `fit`, as everywhere in scikit-learn.
    model_ : digitnet.models.Sequential
        The network: save it, draw it, look at its ``engine_report()``.
    coefs_, intercepts_ : list of float32 arrays
        Copies of the kernels (in, units) and biases (units,), without the input layer.
    loss_ : float
        Loss of the last epoch, penalty included: the mean over the epoch, while weights change.
    loss_curve_ : list of float
        The loss of every epoch since the training began.
    best_loss_ : float or None
        The least of them; None with ``early_stopping``.
    validation_scores_ : list of float, or None
        The score on the validation set after every epoch, where there is one.
    best_validation_score_ : float or None
        The best of them.
    n_iter_ : int
        Epochs of the last call.
    t_ : int
        Samples seen since the training began, those of every epoch counted again.
    n_layers_, n_outputs_ : int
        Layers, input and output among them; neurons of the output layer."""

NOTES = """\
    X is (n_samples, n_features), an array of any real dtype or a sparse matrix. CSR stays sparse,
    and digitnet skips its zeros; other sparse formats are converted to CSR. uint8 and float32 are
    read where they lie, all else becomes float32. The network computes in float32; results are
    float64, or float32 where X is.

    Weights are divided by their mean over the training set, so that a weight counts the same in
    every batch (scikit-learn divides by the mean of each batch); samples of weight 0 are left out.
    Where one batch holds all samples (and there is no dropout), it is sorted, and equal samples are
    merged: the result depends neither on their order nor on whether a sample comes twice or has
    weight 2, to the bit.

    An error leaves the estimator as it was, but for ``n_features_in_`` and its like.

    Threads: no more than ``digitnet.config.num_threads()``, than the thread pools of NumPy and
    scikit-learn have (joblib's worker processes and ``threadpoolctl.threadpool_limits`` set them),
    and one in a thread that joblib started. The environment variable ``DIGITNET_NUM_THREADS``
    overrules the pools."""
