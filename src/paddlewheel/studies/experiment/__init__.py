"""`validate --experiment`: predicted conductivities of many crystals beside measured ones."""
