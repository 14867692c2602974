"""Quality metrics, one module each: `METRIC`, what it keeps of each sample, and a score of any of them.

A module has

    METRIC      edgebuild.step.Metric; its `params` are what a manifest can give beside `min`, `max`, ...
    statistics  function(predictions, truth, params): what is to be known of each sample. Both are
                mappings from names to arrays with samples along axis 0.
    score       function(statistics, times): `times` [R, N] says how often each of N samples counts, R times
                over; gives [R] figures, not a number where there is nothing to measure. Ones give
                the figure of the data as it is, others those of resamples.
    EXAMPLES    (predictions, truth, figure), or with parameters as a fourth: for readers and tests.

A package adds a metric of its own by an entry point `metric/NAME` of group `edgebuild.kinds`, which names
such a module. It runs in the tool environment `metrics`, which has numpy, scipy and scikit-image.
"""
