"""Files that steps hand to each other: reading, checking and writing them, one module a format."""
