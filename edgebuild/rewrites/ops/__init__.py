"""Rewrites of ops into others, one a file: `OPS`, `rewrite(node, graph)`, `EXAMPLES`."""
