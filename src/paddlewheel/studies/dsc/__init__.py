"""`dsc`: what a calorimeter's runs show."""
