"""The electrochemistry bench: from the lab's files to conductivity, window, cycling and cell."""
