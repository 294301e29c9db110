"""Bodies of known truth: simple ones, composites with exact fractions, and the FIB stacks that a microscope would give.

Nothing here is shared with what segments or measures.
"""
