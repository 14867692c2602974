"""What changed between two versions of an op, and how a node is carried over in each direction."""
