"""`xrd series`: powder patterns against temperature."""
