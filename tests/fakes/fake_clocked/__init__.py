"""Steps that write down from when to when they ran."""
