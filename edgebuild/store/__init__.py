"""Where results live: blobs by sha256, action results by key; verified, shared, crash-safe.

    cas/ab/<sha256>     blobs, read-only
    ac/ab/<sha256>      action results, JSON; counts only if every blob it names is there
    roots/<name>.json   what a project's last builds used; gc keeps what they name
    pins/<name>.json    what gc must keep besides (releases)
    locks/, tmp/, work/ flocks; files that were never finished; folders of running steps

One layout with the HTTP caches of Bazel's world, so that a remote is a plain mirror of it.
"""
