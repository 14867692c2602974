"""Exact rewriting of ONNX graphs: from any opset to another, and into the ops a compiler reads.

    graph      a model opened for rewriting: nodes, constants, shapes, types
    opsets     brings a graph to another opset, by the rules of `versions`, one boundary at a time
    forms      applies the rewrites of `ops` until none applies any more
    ops        one rewrite a file, found by its place, each with examples that prove it
    myriad     what the MyriadX compiler cannot read, with the reason
    fold       what is constant is computed once
    equal      proof that a rewritten model computes what it did

A rewrite either replaces a node by others that compute the same, or leaves it (None), or refuses it
with a reason (`RefusedError`). Nothing is passed on that is not known to be right.
"""
