"""First-principles calculations of others' programs: inputs written, outputs read, every ionic step judged."""
