"""Pinned tool environments: what they are, making them on first use, running steps inside them.

    environments  the declarations: every environment edgebuild knows
    licenses      vendor licences that must be accepted before a download
    tools         an environment that is there, and how it is recognised
    provision     makes an environment from its lock, or fills a folder with its wheels
    pip           runs pip and says what went wrong
    progress      what a person sees meanwhile
    pool          runs steps, each in a process of its own, inside environments
    worker_link   one worker, seen from here
    worker_main, worker, worker_loop, step_process   the worker itself, in an environment's Python

Locks (`locks/<environment>.lock`) are pip requirement files with every hash, made from the `.in`
file beside each by the command in its first line. An environment's digest covers its lock, the
Python and what was really installed, and enters every key of a step that runs in it.
"""
